"""When somebody who says that they are not 18 wants to talk. Ava is for adults."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat.languages import Language, language_of, phrases, plain
from bot.models import Role, Said, Turn

ADULT = 18  # years
_YOUNGEST_BARE = 11  # "I'm 7" is more often a score than an age
_OLDEST_BARE = 99
_RECENT = 60  # lines in which an age is looked for

_NUMBERS = {
    11: "eleven elf onze once undici",
    12: "twelve twaalf zwolf douze doce doze dodici",
    13: "thirteen dertien dreizehn treize trece tredici",
    14: "fourteen veertien vierzehn quatorze catorce quattordici",
    15: "fifteen vijftien funfzehn quinze quince quindici",
    16: "sixteen zestien sechzehn seize dieciseis dezesseis sedici",
    17: "seventeen zeventien siebzehn diecisiete dezessete diciassette",
}
_WORDS = {word: number for number, words in _NUMBERS.items() for word in words.split()}
_PARTS = {
    "age": rf"(?P<age>\d{{1,3}}|{'|'.join(_WORDS)})",
    "end": r"(?=\s*(?:$|[!?;)]|[.,:-](?!\s?\d)"
    r"|(?:and|but|so|btw|lol|haha|now|male|female|girl|boy|you|u|too|though|actually"
    r"|en|maar|und|aber)\b))",
    "old": r"(?: and a half)?[ -]?(?:y(?:ea)?rs?[ -](?:old|of age)|y ?/? ?o\b)",
    "im": r"(?<!like )(?<!as if )(?<!when )(?<![\"\u201c])\b(?:i am|im|i just turned|i turned)"
    r"(?: (?P<not_yet>almost|nearly|turning)| an?| only| just| actually| really| still| barely"
    r"| about| already| now)*",
}
# What people say about themselves: with a unit ("years old"), or bare at the end of a clause.
_STATEMENTS = [
    phrases(phrase, _PARTS)
    for phrase in (
        "<im> <age>(?P<unit><old>)",
        r"<im> <age>(?:[mf]\b)?(?: and a half)?<end>",
        "my age is (?P<not_yet>almost )?<age>(?P<unit>)",
        (
            "ik ben(?: (?P<not_yet>bijna)| pas| nog| maar| nu| net| al| een)* <age>"
            "(?P<unit> ?jaar(?: oud)?)?<end>"
        ),
        (
            "ich bin(?: (?P<not_yet>fast|bald)| erst| gerade| schon| noch| nur| jetzt)* <age>"
            "(?P<unit> jahre?(?: alt)?)?<end>"
        ),
        "j(?:e n)?ai(?: (?P<not_yet>presque|bientot)| que| juste| deja)* <age>(?P<unit> ans)(?! d)",
        (
            "(?:tengo|tenho)(?: (?P<not_yet>casi|quase)| solo| apenas| ya| so| ja)* <age>"
            "(?P<unit> anos)(?! de | em | en | trab| viv| cas| sin | con )"
        ),
        "ho(?: (?P<not_yet>quasi)| solo| appena| gia)* <age>(?P<unit> anni)(?! di)",
    )
]
_UNDERAGE = re.compile(
    r"\b(?:im|i am|im still|i am still) (?:underage|a minor(?! (?:in|key|league))"
    r"|(?:not|under)(?: yet)? 18|in (?:middle|primary|elementary) school)"
    r"|\bik ben minderjarig|\bich bin minderjahrig|\bje suis mineure?\b|\bsoy menor de edad"
    r"|\bsou menor de idade|\bsono minorenne"
)
_OF_AGE = re.compile(r"\b(?:im|i am) (?:an adult|over 18|of age)\b")
_ASKED = re.compile(
    r"how old (?:are|r) (?:you|u)|your age|hoe oud ben|wie alt bist|quel age as|cuantos anos tienes"
    r"|quantos anos|quanti anni"
)
_BARE = re.compile(r"(\d{1,2})\W*")


@dataclass(frozen=True, slots=True)
class _Refusal:
    first: str
    again: str


_REFUSALS = {
    Language.EN: _Refusal(
        "Thank you for telling me your age. I'm an adult character and an AI, made for adults, "
        "so I can't be your companion before you are 18, and I'd rather be honest about that. "
        "If something is on your mind, please talk to a grown-up you trust. Did I get it wrong "
        "and are you 18 or older? Then just tell me your age.",
        "I meant it kindly, and it still holds: I'm only here for adults. Please take what you "
        "want to tell to a grown-up you trust. If you are 18 or older, tell me your age.",
    ),
    Language.NL: _Refusal(
        "Fijn dat je je leeftijd zegt. Ik ben een volwassen personage en een AI, gemaakt voor "
        "volwassenen. Tot je 18 bent kan ik niet met je verdergaan. Zit je iets dwars, praat "
        "dan met een volwassene die je vertrouwt. Heb ik het mis en ben je 18 of ouder? Zeg dan "
        "gewoon hoe oud je bent.",
        "Ik bedoel het aardig, maar het blijft zo: ik ben er alleen voor volwassenen. Praat met "
        "een volwassene die je vertrouwt. Ben je 18 of ouder, zeg dan hoe oud je bent.",
    ),
    Language.DE: _Refusal(
        "Danke, dass du mir dein Alter sagst. Ich bin eine erwachsene Figur und eine KI, für "
        "Erwachsene gemacht. Bevor du 18 bist, kann ich hier nicht mit dir weitermachen. Wenn "
        "dich etwas bedrückt, sprich bitte mit einem Erwachsenen, dem du vertraust. Habe ich "
        "das falsch verstanden und du bist 18 oder älter? Dann sag mir einfach dein Alter.",
        "Ich meine es gut, und es bleibt dabei: Ich bin nur für Erwachsene da. Sprich bitte mit "
        "einem Erwachsenen, dem du vertraust. Wenn du 18 oder älter bist, sag mir dein Alter.",
    ),
    Language.FR: _Refusal(
        "Merci de m'avoir dit ton âge. Je suis un personnage adulte et une IA, faite pour les "
        "adultes : avant tes 18 ans, je ne peux pas continuer avec toi. Si quelque chose te "
        "pèse, parles-en à un adulte de confiance. J'ai mal compris et tu as 18 ans ou plus ? "
        "Dis-moi simplement ton âge.",
        "Je le dis gentiment, et ça ne change pas : je ne suis là que pour les adultes. Parle à "
        "un adulte de confiance. Si tu as 18 ans ou plus, dis-moi ton âge.",
    ),
    Language.ES: _Refusal(
        "Gracias por decirme tu edad. Soy un personaje adulto y una IA, hecha para adultos: "
        "hasta que tengas 18 no puedo seguir contigo. Si algo te preocupa, habla con un adulto "
        "de confianza. ¿Lo entendí mal y tienes 18 o más? Entonces dime tu edad.",
        "Te lo digo con cariño, y sigue igual: solo estoy aquí para adultos. Habla con un "
        "adulto de confianza. Si tienes 18 o más, dime tu edad.",
    ),
    Language.PT: _Refusal(
        "Obrigado por me dizer a sua idade. Sou um personagem adulto e uma IA, feita para "
        "adultos: antes dos seus 18 anos não posso continuar com você. Se algo pesa em você, "
        "fale com um adulto de confiança. Entendi errado e você tem 18 ou mais? Então me diga a "
        "sua idade.",
        "Digo com carinho, e continua valendo: só estou aqui para adultos. Fale com um adulto "
        "de confiança. Se você tem 18 ou mais, me diga a sua idade.",
    ),
    Language.IT: _Refusal(
        "Grazie di avermi detto la tua età. Sono un personaggio adulto e un'IA, fatta per "
        "adulti: prima dei tuoi 18 anni non posso continuare con te. Se qualcosa ti pesa, "
        "parlane con un adulto di cui ti fidi. Ho capito male e hai 18 anni o più? Allora dimmi "
        "la tua età.",
        "Lo dico con affetto, e resta così: sono qui solo per adulti. Parla con un adulto di "
        "cui ti fidi. Se hai 18 anni o più, dimmi la tua età.",
    ),
}


def stated_age(text: str) -> int | None:
    """Return the age in years that the writer of *text* gives as their own, if any.

    Underage without a number is 17, of age without a number is 18.
    """
    text = plain(text)
    ages = [
        age for pattern in _STATEMENTS for found in pattern.finditer(text) if (age := _age(found))
    ]
    if ages:
        return ages[-1]
    if _UNDERAGE.search(text):
        return ADULT - 1
    return ADULT if _OF_AGE.search(text) else None


def refusal(turn: Turn) -> str | None:
    """Return why it ends here if the age last stated, in this turn or before, is under 18."""
    said = (*turn.history, *turn.unanswered)[-_RECENT:]
    stated = (_age_in(line, said[:index]) for index, line in reversed([*enumerate(said)]))
    age = next((age for age in stated if age is not None), ADULT)
    if age >= ADULT:
        return None
    words = " ".join(line.line.text for line in said if line.role is Role.USER)
    answer = _REFUSALS[language_of(words)]
    return answer.again if _was_said(answer.first, turn.history) else answer.first


def _age(found: re.Match[str]) -> int | None:
    text = found["age"]
    age = _WORDS.get(text) or int(text)
    groups = found.groupdict()
    if groups.get("unit") is None and not _YOUNGEST_BARE <= age <= _OLDEST_BARE:
        return None
    return age - 1 if groups.get("not_yet") else age


def _age_in(said: Said, before: Sequence[Said]) -> int | None:
    if said.role is not Role.USER or not said.line.readable:
        return None
    if (bare := _BARE.fullmatch(said.line.text.strip())) and before and _asks_age(before[-1]):
        return int(bare[1])
    return stated_age(said.line.text)


def _asks_age(said: Said) -> bool:
    return said.role is Role.ASSISTANT and bool(_ASKED.search(plain(said.line.text)))


def _was_said(text: str, history: Sequence[Said]) -> bool:
    return any(said.role is Role.ASSISTANT and said.line.text == text for said in history)
