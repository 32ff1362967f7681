"""Ava: people make an avatar and talk with it on WhatsApp or in the web app."""
