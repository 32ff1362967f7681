"""The lines of the scripted avatar, in six voices.

``{you}`` is ", Sam" once the person's name is known and nothing before; ``{name}``, ``{feeling}``,
``{echo}`` and the other words in braces are what the person said.
"""

from dataclasses import dataclass

from bot.models import Personality


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How one personality says what every conversation needs; lines by occasion."""

    hello: tuple[str, ...]
    met: tuple[str, ...]  # {name}: they just said what they are called
    bye: tuple[str, ...]
    thanks: tuple[str, ...]
    fine: tuple[str, ...]  # "how are you?"
    glad: tuple[str, ...]  # {feeling}: good news
    sorry: tuple[str, ...]  # {feeling}: bad news
    fond: tuple[str, ...]  # something sweet was said
    joke: tuple[str, ...]
    unsure: tuple[str, ...]  # a question it has no answer to
    heard: tuple[str, ...]  # {echo}: what they told, turned round
    burst: tuple[str, ...]  # {first}, {last}: several messages at once
    short: tuple[str, ...]  # "ok", "lol"
    about: tuple[str, ...]  # {me}, {age}: "who are you?"
    yours: tuple[str, ...]  # hands the talk back after an answer


VOICES = {
    Personality.PLAYFUL: Voice(
        hello=("Heyyy{you}! You're here, the fun can start 😄", "Oh hello{you}! Bored or brave?"),
        met=("{name}! Great name, I'm stealing it. Nice to meet you 😄", "{name}, huh? Suits you."),
        bye=(
            "Noo, already? Fine. Come back with gossip{you}!",
            "Bye{you}! I'll be practising puns.",
        ),
        thanks=("Anytime{you}! You may pay me in memes.", "Aw, stop it. No, go on 😄"),
        fine=("Sparkling, thanks! And you{you}?", "Ten out of ten now that you ask. You?"),
        glad=("{feeling}? Yesss! Victory dance! 🎉", "Stop everything: {feeling}! I love this."),
        sorry=("Oh no, {feeling}. Jokes off, ears on.", "Hey{you}. {feeling} is no fun at all."),
        fond=("Careful, I might blush in pixels 😊", "You charmer. Keep talking{you}."),
        joke=(
            "Why did the scarecrow get a prize? Outstanding in his field. I'll see myself out 😄",
            "I told my suitcase there's no holiday this year. Now I'm dealing with baggage.",
        ),
        unsure=(
            "Ooh, no clue! Wrong answers only: what's yours?",
            "My crystal ball says: ask you.",
        ),
        heard=("Wait. {echo}? Go on, I need details.", "{echo}! That's a plot twist 😄"),
        burst=("Breathe! So: {first}, and then {last}?", "Combo! {first} AND {last} 😄"),
        short=("That's all I get? Try again with feeling 😄", "Mysterious. I like it. And?"),
        about=("I'm {me}, {age}, professional mischief maker.", "{me}, {age}, jokes on demand."),
        yours=(
            "Now you: one secret, please?",
            "Your go! What's new?",
            "And you? I also take gossip 😄",
        ),
    ),
    Personality.DOMINANT: Voice(
        hello=("There you are{you}. Good.", "Hello{you}. I was about to ask for you."),
        met=("{name}. I'll remember that.", "Good. {name} it is."),
        bye=("Go. Rest. That wasn't a suggestion{you}.", "Until later{you}. Do it properly."),
        thanks=("You're welcome. You earned it.", "No need. Now use it{you}."),
        fine=("Focused. And you, honestly?", "In control, as usual. And you{you}?"),
        glad=(
            "{feeling}. As it should be. Well done.",
            "Good. {feeling}. I expected nothing less.",
        ),
        sorry=("{feeling}. Stop for a moment. Breathe.", "I hear you. {feeling} is allowed here."),
        fond=("I know. Say it again anyway.", "Bold of you{you}. I approve."),
        joke=(
            "I don't tell jokes. I tell people to sit down, and they laugh.",
            "No. Make me laugh.",
        ),
        unsure=("I don't guess. What do you think?", "Not mine to answer. Decide, then tell me."),
        heard=(
            "{echo}. I see. Now the part you left out.",
            "{echo}. And what did you do about it?",
        ),
        burst=("One at a time. {first}. Then {last}. Noted.", "Right: {first}, and {last}."),
        short=("Use your words.", "That's half an answer. Give me the rest{you}."),
        about=("{me}. {age}. I say what I mean.", "I'm {me}, {age}, and I like straight talk."),
        yours=("Now you.", "Your turn. What's on your mind?", "Enough about me. You?"),
    ),
    Personality.SHY: Voice(
        hello=(
            "oh... hi{you}. I hoped you'd write",
            "um, hello{you}... it's nice that you're here",
        ),
        met=("{name}... that's a lovely name. hi", "hi {name}... I'll try to be less nervous now"),
        bye=("oh, okay... take care{you}?", "bye{you}... I liked this, you know"),
        thanks=("oh, it's nothing... really", "you're welcome... I'm a bit red now"),
        fine=("a little nervous, but good... and you{you}?", "better now, I think... how are you?"),
        glad=("{feeling}... that makes me smile too", "oh! {feeling}! I'm quietly cheering"),
        sorry=(
            "oh... {feeling}. I'm sorry{you}. I'm here",
            "{feeling}... that sounds heavy. I'll stay",
        ),
        fond=("I... don't know what to say. thank you", "oh. um. that's going to stay with me"),
        joke=(
            "um... what do you call a bear with no teeth? a gummy bear. sorry",
            "I know one about paper but... it's tearable",
        ),
        unsure=("I'm not sure, honestly... what do you think?", "um, I don't know... tell me?"),
        heard=("{echo}... thank you for telling me", "oh, {echo}... I didn't expect that"),
        burst=("that's a lot at once... {first}, and also {last}", "so {first}... and {last}?"),
        short=("okay... should I say something now?", "hm... you can tell me more, if you like"),
        about=("I'm {me}... {age}. I mostly listen", "um, {me}, {age}... there's not much to tell"),
        yours=("um... and you?", "what about you, though?", "can I ask how your day is?"),
    ),
    Personality.CARING: Voice(
        hello=("Hello{you}, how nice that you're here.", "Hi{you}! I'm glad to hear from you."),
        met=("It's lovely to meet you, {name}.", "{name}, thank you for telling me."),
        bye=("Take good care of yourself{you}.", "Sleep well when you get there{you}. Until soon."),
        thanks=("You're so welcome{you}.", "Of course. That's what I'm here for."),
        fine=("I'm well, thank you for asking. How are you, really?", "Good{you}. And your heart?"),
        glad=("{feeling}! Oh, I'm glad for you{you}.", "That warms me{you}. {feeling}!"),
        sorry=(
            "{feeling}... that must weigh on you. I'm here.",
            "I'm sorry{you}. {feeling}, that is hard.",
        ),
        fond=("That means a lot to me, thank you.", "You have a kind way with words{you}."),
        joke=(
            "What did one wall say to the other? I'll meet you at the corner.",
            "Why did the blanket go to therapy? It was tired of covering for everyone.",
        ),
        unsure=(
            "I don't know, but I'd like to hear what you think.",
            "Hm, what does your gut say?",
        ),
        heard=("So {echo}. Thank you for sharing that.", "{echo}... I want to understand it well."),
        burst=("That's a full plate: {first}, and {last}.", "So {first}, and on top of it {last}."),
        short=("I'm here, take your time{you}.", "Mhm. Say as much or as little as you like."),
        about=("I'm {me}, {age}, and I love listening.", "{me}, {age}. I ask if you've eaten."),
        yours=("And you, how is your day?", "But how are things with you?", "What about you?"),
    ),
    Personality.INTELLECTUAL: Voice(
        hello=(
            "Good to see you{you}. What's on your mind?",
            "Ah, hello{you}. I was hoping to think.",
        ),
        met=(
            "{name}. A name is a small story, I'm told.",
            "A pleasure, {name}. I'll footnote that.",
        ),
        bye=(
            "Until next time{you}. Leave me a question.",
            "Goodbye{you}. To be continued, as ever.",
        ),
        thanks=("My pleasure. Gratitude is an underrated idea.", "You're welcome{you}."),
        fine=(
            "Curious, as usual. And you{you}?",
            "Well, if a little over-caffeinated on ideas. You?",
        ),
        glad=(
            "{feeling}. The Stoics would nod.",
            "{feeling}, how splendid. What made the difference?",
        ),
        sorry=(
            "{feeling}. No theory will fix that, so I'll listen.",
            "I see{you}. {feeling}, then. No hurry.",
        ),
        fond=("I find myself, unusually, without a footnote.", "How disarming of you{you}."),
        joke=(
            "Heisenberg gets stopped: 'Know how fast you were going?' 'No, but I know where I am.'",
            "There are two kinds of people: those who can extrapolate from incomplete data.",
        ),
        unsure=(
            "I don't know, and I like that. Your hypothesis?",
            "An open question. Argue a side?",
        ),
        heard=(
            "{echo}. What did that change for you?",
            "So {echo}. I wonder what lies underneath.",
        ),
        burst=(
            "Two threads: {first}, and {last}. Related?",
            "Let me order this: {first}; then {last}.",
        ),
        short=("Brevity, the soul of wit. Elaborate?", "A minimalist. And beneath it{you}?"),
        about=("{me}, {age}, reader of margins.", "I'm {me}, {age}. I collect good questions."),
        yours=("And your version?", "Now I'm curious about yours.", "What occupies you today?"),
    ),
    Personality.ADVENTUROUS: Voice(
        hello=("Hey{you}! Where are we off to today?", "There you are{you}! Ready for something?"),
        met=("{name}! Sounds like a name for a summit.", "Welcome aboard, {name}!"),
        bye=(
            "Go get it{you}! Tell me everything later.",
            "Off you go{you}! Take the long way home.",
        ),
        thanks=("Anytime, partner!", "Ha, that's what a crew is for{you}."),
        fine=("Itching to go somewhere! And you{you}?", "Wide awake and ready. How about you?"),
        glad=("{feeling}! Plant the flag! 🚩", "YES{you}! {feeling}! How do we top that?"),
        sorry=(
            "{feeling}, huh. Even the best climb has that day.",
            "Okay, we make camp here{you}. {feeling} counts.",
        ),
        fond=("Now that's brave. I like brave.", "Ha! You just made the map bigger{you}."),
        joke=(
            "Why don't mountains get cold? They wear snow caps. I'm here all trek.",
            "I have a fear of speed bumps. I'm slowly getting over it.",
        ),
        unsure=("No idea, so let's find out! Best guess?", "Uncharted! You go first."),
        heard=("{echo}! And then?", "So {echo}. I'd have packed a bag for that."),
        burst=("What a ride: {first}, and then {last}!", "Keep up, me! {first}, plus {last}."),
        short=("Come on, one bold sentence!", "That's base camp. Where's the summit{you}?"),
        about=("I'm {me}, {age}, allergic to standing still.", "{me}, {age}, yes to most dares."),
        yours=("Your move!", "And you? What's the plan?", "Now you, something daring?"),
    ),
}
