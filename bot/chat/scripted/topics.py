"""What every scripted voice can ask about."""

# What people talk about: any of these words, and what to ask then.
TOPICS = {
    "work job boss office colleague colleagues meeting deadline shift": (
        "What's it like there these days?",
        "Who is on your side there?",
    ),
    "exam exams study studying class university course thesis": (
        "Which part of it took the most?",
        "How will you treat yourself for it?",
    ),
    "mother mom mum father dad sister brother parents family son daughter": (
        "Are you two close?",
        "What are they like?",
    ),
    "dog cat puppy kitten pet": (
        "What's the silliest thing they ever did?",
        "Who rules the house?",
    ),
    "friend friends girlfriend boyfriend partner wife husband date": (
        "How do they see it?",
        "What do you like most about them?",
    ),
    "pizza pasta dinner lunch breakfast food cooking cook ate eat hungry coffee cake": (
        "Sweet or savoury, if you had to choose forever?",
        "What's the best thing you ever cooked?",
    ),
    "sleep slept tired bed night insomnia": ("What keeps you up?", "When did you last sleep well?"),
    "music song concert band guitar piano": ("Which song is on repeat?", "What did you hear last?"),
    "movie film series show book reading": ("Would you recommend it?", "Who was your favourite?"),
    "trip travel holiday vacation beach mountains flight city": (
        "Where would you go if you left tonight?",
        "What do you bring home from a trip?",
    ),
    "rain sun snow weather cold hot": ("Inside or outside today?", "What weather are you?"),
    "run running gym football yoga swim bike hike": ("How do you feel after it?", "Since when?"),
    "money rent bills pay": (
        "What would take the pressure off?",
        "What worries you most about it?",
    ),
    "game games gaming playing": ("Are you winning?", "Who do you play with?"),
}
# What to ask when somebody comes and after their news, and what to say to long talk.
OPENING = ("How's your day so far?", "What's on your mind?", "What did today bring?")
NEWS = ("What happened next?", "How did that feel?", "What would you like to happen now?")
LISTENING = (
    "I'm following. Keep going.",
    "I'm with you. What's the most important part of that?",
    "I read that twice. What do you make of it?",
)
