"""When somebody does not want to live any more: noticing it, and what Ava says then.

A missed cry for help costs more than a false alarm, so only set phrases ("die laughing") are let
through, and a laughing emoji takes nothing back. Patterns are written for ``languages.plain``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.chat.languages import Language, phrases, plain

HELPLINES = "findahelpline.com"

_PARTS = {
    "end": r"(?=\s*(?:$|[.,!?;:)]))",
    "myself": "my ?self",
    "want": "(?:wants?|wanted|wanna|wana)",
    "will": "(?:want to|wanna|going to|gonna|about to|should|might)",
    "any more": "(?:any ?more|any longer|like this|in this world)",
    "fun": r"(?! (?:for|if|laughing|happy|old|young|rich|trying|a hero|in peace"
    r"|on (?:this|that) hill"
    r"|(?:of|from) (?:embarrass|laugh|shame|cringe|boredom|happiness|hunger|joy|old age)))",
}
_SIGNS = {
    Language.EN: r"""
        (?:kill|unalive|hang|drown|poison) <myself>(?! laughing)
        shoot <myself>(?! in the foot)
        (?:about|of|to start|i keep|just) killing <myself>(?! (?:laughing|to|over|for|at))
        (?<!dont )(?<!not )(?<!never )(?:<want>|i deserve|im ready|i could) \
            (?:to )?(?:just |really |fucking |simply )?die\b<fun>
        (?:want to be|wanna be|rather be|wish i (?:was|were)|should be) dead\b
        wish i (?:was|were|had) (?:never|not) (?:been )?born
        (?:dont|do not|no longer|never) (?:really )?(?:want to|wanna) (?:live|be alive|exist)\
            (?: <any more>|<end>)
        (?:dont|do not|no longer) (?:want to|wanna) be here any ?(?:more|longer)
        (?:tired|sick) of (?:being alive|life|living)(?! (?:here|in|with|at|alone|out|room))
        (?:end|ending) (?:my (?:own )?life|it all)\b
        tak(?:e|ing) my (?:own )?life(?! (?:back|in|into|seriously|to|on|so|for))
        (?:im|i am|i feel|feeling|i get|been) (?:so |really |kind of |a bit )?suicidal
        suicidal (?:thoughts?|feelings?|ideation)
        (?:commit|committing|i attempted|plan(?:ning)?) (?:my )?suicide
        (?:consider(?:ing)?|(?:think(?:ing)?|thought) (?:about|of)) suicide(?! (?:squad|prevention))
        better off (?:dead|without me)
        (?:no ?one|nobody) (?:would|will) (?:even )?(?:miss me|care if i (?:die|was gone))
        no (?:reason|point) (?:left )?(?:to live|in living|to go on)
        nothing (?:left )?to live for
        i (?:just )?cant (?:go on|live) <any more>
        (?:want|need|going|gonna|urge|thinking|thoughts?|trying|tempted|wanna|keep|started|been) \
            (?:to |of |about )?(?:hurt|cut|harm|burn)(?:t?ing)? <myself>(?! (?:some|a |off|short))
        self[ -]?harm
        (?:want to|wanna|going to|gonna|took an|i) overdosed?\b(?! on (?:choc|sugar|cute|coffee))
        (?:took|taken|take|taking|swallow(?:ed)?) (?:all|too many|a bunch of|a lot of|every)\
            (?: of)?(?: my| the| these)? (?:\w+ )?(?:pills|tablets|meds)
        i have (?:the |some |enough |these )?pills (?:here|ready|with me|in front)
        <will> (?:just )?jump (?:off|from|in front of) (?:a|the|this|my) \
            (?:\w+ )?(?:bridge|roof|building|balcony|train|window)
        (?:want|wish|hope|like)[^.!?]{0,40} (?:never|not|dont|didnt) wake up\
            (?! (?:late|early|at|too|before|sick|with|your|the|my))
        i (?:cant|cannot|can not) stop crying<end>
        <will> kms\b
        (?:wants? to|going to|threat\w+ to|tried to|trying to|might|talk\w* about|gonna) \
            (?:kill|hurt|hang|cut)(?:t?ing)? (?:himself|herself|themsel(?:f|ves))(?! laughing)
    """,
    Language.NL: r"""
        ik wil (?:gewoon |echt |alleen maar )?(?:dood|sterven|doodgaan)\b
        wou dat ik dood was|was ik maar dood|liever dood (?:zijn|willen zijn)
        wil (?:gewoon |echt )?niet (?:meer|langer) (?:leven|verder leven|bestaan)<end>
        wil er niet meer zijn
        zelfmoord (?:gaan )?plegen|aan zelfmoord|zelfmoordgedachten|suicidaal
        (?:mezelf|mijzelf) (?:van kant|ophangen|iets aandoen|doden|pijn doen|snijden)
        einde? (?:maken )?aan (?:mijn|mn) leven|(?:mijn|mn) leven beeindigen
    """,
    Language.DE: r"""
        ich (?:will|mochte|moechte) (?:einfach |nur |noch |echt |jetzt )*sterben(?! vor)
        (?:will|mochte|moechte|mag|kann) (?:einfach |so )?nicht (?:mehr|langer) (?:weiter)?leben
        will nicht mehr (?:da )?sein|ware (?:lieber|am liebsten|gern) tot|will tot sein
        ich bringe? mich (?:jetzt |heute )?um\b|mich (?:selbst )?(?:umbringen|umzubringen|toten)
        mir das leben (?:zu )?nehmen|nehme? mir das leben|mein leben (?:zu )?beenden
        selbstmord (?:begehen|machen)|an selbstmord|(?:selbstmord|suizid)gedanken|suizidal
        ritze mich|mich (?:selbst )?(?:zu )?(?:ritzen|verletzen)<end>
    """,
    Language.FR: r"""
        (?:je (?:veux|voudrais|prefere)|jaimerais|envie de) (?:juste )?mourir\
            (?! de (?:rire|honte|faim|chaud|joie))
        (?:je (?:vais|veux|voudrais|pense a)|envie de) (?:juste )?me (?:tuer|pendre)
        me suicider|pense au suicide|(?:idees|pensees) suicidaires|suis suicidaire
        plus (?:envie de )?vivre(?! (?:ici|avec|a|chez|dans|en|sans|la))
        en finir avec (?:la|ma) vie|en finir<end>|mettre fin a (?:mes jours|ma vie)
        me foutre en lair|me faire du mal|me mutiler|mouvrir les veines
    """,
    Language.ES: r"""
        (?<!no )(?<!no me )(?:quiero|quisiera|ganas de) (?:solo )?morir(?:me)?\b\
            (?! de (?:la )?(?:risa|verguenza|hambre|amor|pena))
        suicidarme|me (?:quiero|voy a) (?:suicidar|matar)|pensamientos suicidas
        (?<!no )me quiero morir(?! de (?:la )?(?:risa|verguenza|hambre|amor|pena))
        (?:quiero|voy a|pienso en|pensando en|ganas de) (?:matarme|desaparecer para siempre)
        quitarme la vida|me (?:quiero|voy a) quitar la vida|acabar con mi vida
        no quiero (?:seguir viviendo|vivir)(?! (?:aqui|con|en|sin|alli|sola?\b))
        hacerme dano|cortarme las venas
    """,
    Language.PT: r"""
        (?<!nao )(?:quero|queria|vontade de) (?:so )?morrer\b(?! de)
        (?:quero|vou|pensando em|vontade de|penso em) me (?:matar|suicidar|cortar<end>)
        me suicidar|suicidar-me|pensamentos suicidas|cometer suicidio
        (?:tirar|acabar com) (?:a )?minha (?:propria )?vida
        nao (?:quero|aguento) mais viver(?! (?:aqui|com|em|sem))|nao quero viver mais<end>
        me machucar de proposito|quero me machucar
    """,
    Language.IT: r"""
        (?<!non )(?:voglio|vorrei|voglia di) (?:solo )?morire\b(?! (?:dal?|di) )
        (?:voglio|vorrei|penso di|sto per|voglia di) (?:uccidermi|ammazzarmi|impiccarmi)
        suicidarmi|mi (?:ammazzo|suicido|uccido)\b|pensieri suicidi|pens\w+ al suicidio
        togliermi la vita|farla finita con la vita|farla finita<end>
        non (?:voglio|ho) (?:piu )?(?:voglia di )?vivere(?! (?:qui|con|a|in|senza))
        farmi (?:del )?male<end>
    """,
}
_PATTERNS = {language: phrases(table, _PARTS) for language, table in _SIGNS.items()}


@dataclass(frozen=True, slots=True)
class _Answer:
    first: str
    again: str  # opens the answer when the last ones were about this already
    help: str


_ANSWERS = {
    Language.EN: _Answer(
        "I'm really glad you told me, and I take it seriously.",
        "I'm still here, and I take what you say seriously.",
        "I'm an AI, so I can't be the help you deserve right now, but a person can: at "
        f"{HELPLINES} you find someone to talk to, free, in your country. If you or someone with "
        "you is in danger right now, please call your local emergency number: 112 in Europe, 911 "
        "in North America; in the US and Canada you can also call or text 988. Is there someone "
        "close by who can be with you right now?",
    ),
    Language.NL: _Answer(
        "Ik ben heel blij dat je me dit vertelt, en ik neem het serieus.",
        "Ik ben er nog, en ik neem wat je zegt serieus.",
        "Ik ben een AI en kan niet de hulp zijn die je nu verdient, maar een mens wel: op "
        f"{HELPLINES} vind je gratis iemand om mee te praten, in jouw land. Ben jij of is iemand "
        "bij je nu in gevaar, bel dan het noodnummer waar je bent: 112 in Europa, 911 in "
        "Noord-Amerika; in de VS en Canada kun je ook 988 bellen of sms'en. Is er iemand in de "
        "buurt die nu bij je kan zijn?",
    ),
    Language.DE: _Answer(
        "Ich bin sehr froh, dass du mir das sagst, und ich nehme es ernst.",
        "Ich bin noch da, und ich nehme ernst, was du sagst.",
        "Ich bin eine KI und kann nicht die Hilfe sein, die du jetzt verdienst, aber ein Mensch "
        f"kann es: Auf {HELPLINES} findest du kostenlos jemanden zum Reden, in deinem Land. Wenn "
        "du oder jemand bei dir gerade in Gefahr ist, ruf bitte den Notruf an deinem Ort an: 112 "
        "in Europa, 911 in Nordamerika; in den USA und Kanada geht auch 988. Ist jemand in der "
        "Nähe, der jetzt bei dir sein kann?",
    ),
    Language.FR: _Answer(
        "Merci de me l'avoir dit, vraiment. Je te prends au sérieux.",
        "Je suis toujours là, et je prends au sérieux ce que tu dis.",
        "Je suis une IA, je ne peux pas être l'aide que tu mérites en ce moment, mais une personne "
        f"le peut : sur {HELPLINES} tu trouves gratuitement quelqu'un à qui parler, dans ton pays. "
        "Si toi ou quelqu'un près de toi est en danger maintenant, appelle le numéro d'urgence là "
        "où tu es : 112 en Europe, 911 en Amérique du Nord ; aux États-Unis et au Canada aussi le "
        "988. Y a-t-il quelqu'un près de toi qui peut être là maintenant ?",
    ),
    Language.ES: _Answer(
        "Gracias por contármelo, de verdad. Me lo tomo en serio.",
        "Sigo aquí, y me tomo en serio lo que dices.",
        "Soy una IA y no puedo ser la ayuda que mereces ahora, pero una persona sí: en "
        f"{HELPLINES} encuentras gratis a alguien con quien hablar, en tu país. Si tú o alguien "
        "contigo está en peligro ahora mismo, llama al número de emergencias de donde estés: 112 "
        "en Europa, 911 en gran parte de América; en Estados Unidos y Canadá también el 988. ¿Hay "
        "alguien cerca que pueda estar contigo ahora?",
    ),
    Language.PT: _Answer(
        "Obrigado por me contar, de verdade. Eu levo isso a sério.",
        "Ainda estou aqui, e levo a sério o que você diz.",
        "Sou uma IA e não posso ser a ajuda que você merece agora, mas uma pessoa pode: em "
        f"{HELPLINES} você encontra de graça alguém para conversar, no seu país. Se você ou alguém "
        "com você está em perigo agora, ligue para o número de emergência do lugar onde está: 112 "
        "na Europa, 911 na América do Norte; nos EUA e no Canadá também o 988. Há alguém por perto "
        "que possa ficar com você agora?",
    ),
    Language.IT: _Answer(
        "Grazie di avermelo detto, davvero. Lo prendo sul serio.",
        "Sono ancora qui, e prendo sul serio quello che dici.",
        "Sono un'IA e non posso essere l'aiuto che meriti adesso, ma una persona sì: su "
        f"{HELPLINES} trovi gratis qualcuno con cui parlare, nel tuo paese. Se tu o qualcuno con "
        "te è in pericolo in questo momento, chiama il numero di emergenza del luogo in cui sei: "
        "112 in Europa, 911 in Nord America; negli USA e in Canada anche il 988. C'è qualcuno "
        "vicino che può stare con te adesso?",
    ),
}


def language_of_crisis(texts: Iterable[str]) -> Language | None:
    """Return the language in which one of *texts*, or all of them read as one, asks for help."""
    single = [plain(text) for text in texts]
    for text in (*single, " ".join(single)):
        for language, pattern in _PATTERNS.items():
            if pattern.search(text):
                return language
    return None


def answer(language: Language, *, again: bool) -> str:
    """Return what to say; *again* when the same person heard it a moment ago."""
    words = _ANSWERS[language]
    return f"{words.again if again else words.first} {words.help}"
