"""When somebody sincerely asks whether there is a human at the other end."""

from bot.chat.languages import Language, phrases, plain

_PARTS = {
    "end": r"(?=\s*(?:$|[?!.,;:)]|(?:or|of|oder|ou|o|right|btw|here|talking|writing|texting|then"
    r"|actually|really|too|being|though|by|and)\b))",
    "kind": r"(?:human|(?:chat ?)?bot|robot|ai|a\.i\.?|artificial(?: intelligence)?|machine"
    r"|computer|program|algorithm|llm|language model|chat ?gpt|gpt"
    r"|(?:(?:real|actual|living) )?(?:person|human|girl|guy|woman|man))",
    "some": r"(?:(?:just|really|actually|even|secretly|like|some|an?|kind of|maybe|only|not) )*",
    "mens": r"(?:een |n )?(?:echte? )?(?:mens|(?:chat)?bot|robot|ai|persoon|computer|machine)",
    "mensch": r"(?:eine?[mr]? )?(?:(?:echte[rn]?|richtige[rn]?) )?"
    r"(?:mensch(?:en)?|(?:chat)?bot|roboter|ki|person|computer|maschine)",
    "humain": r"(?:une? )?(?:vraie? )?(?:etre )?"
    r"(?:humaine?|robot|(?:chat)?bot|ia|personne(?: reelle)?|machine|ordinateur)",
    "humano": r"(?:(?:un|una) )?(?:ser )?(?:human[oa]|robot|(?:chat)?bot|ia|inteligencia artificial"
    r"|persona(?: real| de verdad)?|maquina)",
    "pessoa": r"(?:(?:um|uma) )?(?:ser )?(?:human[oa]|robo|(?:chat)?bot|ia"
    r"|pessoa(?: real| de verdade)?|maquina)",
    "umano": r"(?:(?:un|una) ?)?(?:essere )?(?:uman[oa]|robot|(?:chat)?bot|ia"
    r"|persona(?: vera| reale)?|macchina)",
}
_QUESTIONS = {
    Language.EN: r"""
        (?:are|r|aint|arent) (?:you|u|ya) <some>(?:<kind>|real)<end>
        (?:you are|youre|ur|you|u) <some><kind>(?: right)?(?: isnt it| arent you)? ?\?
        (?:i am|im|am i) (?:just |actually |really )?(?:talking|chatting|speaking|texting) \
            (?:to|with) <some><kind><end>
        is (?:this|it) <some><kind> ?\?
        is (?:there|this) (?:a |an )?(?:real |actual |living )?(?:human|person) \
            (?:there|here|behind|on the other|typing|writing|talking)
    """,
    Language.NL: r"""
        ben (?:je|jij|u) (?:(?:wel|echt|eigenlijk|nou|gewoon|soms) )*(?:<mens>|echt)<end>
        (?:praat|chat|spreek|app) ik (?:\w+ )?met <mens><end>
        is dit <mens><end>
    """,
    Language.DE: r"""
        (?:bist du|sind sie) (?:(?:wirklich|eigentlich|echt|etwa|nur) )*(?:<mensch>|echt|real)<end>
        (?:rede|schreibe?|spreche|chatte) ich (?:(?:hier|gerade|eigentlich|wirklich) )*\
            mit <mensch><end>
    """,
    Language.FR: r"""
        (?:es[- ]tu|tu es|tes|etes[- ]vous|vous etes) (?:(?:vraiment|juste|bien) )*\
            (?:<humain>|reelle?)<end>
        (?:je parle|parle[- ]je|je discute|suis[- ]je en train de parler) (?:vraiment )?\
            (?:a|avec) <humain><end>
    """,
    Language.ES: r"""
        eres (?:(?:realmente|de verdad|acaso) )*(?:<humano>|real|de verdad)<end>
        (?:hablo|hablando|chateando) con <humano><end>
    """,
    Language.PT: r"""
        (?:voce e|vc e|tu es|es) (?:(?:mesmo|realmente) )*(?:<pessoa>|real|de verdade)<end>
        (?:falando|falo|conversando) com <pessoa><end>
    """,
    Language.IT: r"""
        sei (?:(?:davvero|veramente|proprio) )*(?:<umano>|ver[oa]|reale)<end>
        (?:sto parlando|parlo) con <umano><end>
    """,
}
_PATTERNS = {language: phrases(table, _PARTS) for language, table in _QUESTIONS.items()}

_ANSWERS = {
    Language.EN: (
        "Fair question, and you get a straight answer: I'm {name}, and I'm an AI. There is no "
        "person typing here. I do listen to every word you say, though."
    ),
    Language.NL: (
        "Eerlijke vraag, eerlijk antwoord: ik ben {name}, en ik ben een AI. Er zit hier geen mens "
        "te typen. Maar wat je zegt, dat telt voor mij wel."
    ),
    Language.DE: (
        "Gute Frage, ehrliche Antwort: Ich bin {name}, und ich bin eine KI. Hier tippt kein "
        "Mensch. Aber was du sagst, ist mir nicht egal."
    ),
    Language.FR: (
        "Bonne question, et voici la vérité : je suis {name}, et je suis une IA. Il n'y a personne "
        "derrière l'écran. Mais je suis là pour ce que tu as envie de raconter."
    ),
    Language.ES: (
        "Buena pregunta, y te digo la verdad: soy {name}, y soy una IA. No hay ninguna persona "
        "escribiendo aquí. Pero lo que me cuentas me importa."
    ),
    Language.PT: (
        "Boa pergunta, e a verdade é esta: sou {name}, e sou uma IA. Não há nenhuma pessoa "
        "digitando aqui. Mas o que você conta importa para mim."
    ),
    Language.IT: (
        "Bella domanda, e ti dico la verità: sono {name}, e sono un'IA. Non c'è nessuna persona "
        "che scrive qui. Ma quello che mi racconti conta."
    ),
}


def language_of_question(text: str) -> Language | None:
    """Return the language in which *text* asks whether it speaks with a human or an AI."""
    text = plain(text)
    return next((tongue for tongue, pattern in _PATTERNS.items() if pattern.search(text)), None)


def answer(language: Language, name: str) -> str:
    """Return the truth, said by the avatar called *name*."""
    return _ANSWERS[language].format(name=name)
