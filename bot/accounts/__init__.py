"""Who somebody is: sign-up, sign-in and the tokens that prove it."""
