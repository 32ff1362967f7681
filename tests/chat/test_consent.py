"""STOP and START are understood in seven languages, and nothing else is taken for them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.gates.consent import Wish, wish
from bot.chat.languages import Language

STOPS = {
    Language.EN: [
        "STOP",
        "Stop.",
        "stop!",
        "*STOP*",
        "_stop_",
        "S.T.O.P",
        "STOPPP",
        "\uff33\uff34\uff2f\uff30",
        "stop stop stop",
        "stop \U0001f6d1",
        "STOP ALL",
        "Stop. Thank you",
        "please stop",
        "Hi, could you please stop",
        "I said stop!!",
        "leave me alone, stop",
        "Stop messaging me",
        "stop texting me please",
        "stop sending me messages",
        "Stop sending these promotions to me",
        "STOP promotions",
        "Can you please stop messaging me?",
        "don't write to me any more",
        "Don\u2019t text me anymore",
        "never contact me again",
        "no more messages please",
        "I don't want any more messages from you",
        "unsubscribe",
        "Please unsubscribe me from this list",
        "I want to unsubscribe",
        "How do I unsubscribe?",
        "opt out",
        "OPT-OUT",
        "take me off your list",
        "Cancel my subscription",
    ],
    Language.NL: [
        "stoppen",
        "afmelden",
        "Afmelden graag",
        "uitschrijven aub",
        "Kun je alsjeblieft stoppen met appen",
        "Stop met berichten sturen",
        "hou op met mij te appen",
        "Stuur me geen berichten meer",
        "ik wil geen berichten meer ontvangen",
        "Schrijf me niet meer",
        "Promoties stopzetten",
        "laat me met rust, stop",
        "STOP, dank je wel",
    ],
    Language.DE: [
        "stopp",
        "Bitte stoppen",
        "abmelden",
        "Ich möchte mich abmelden",
        "Abo kündigen",
        "Schreib mir nicht mehr",
        "Bitte schreiben Sie mir nicht mehr",
        "bitte nicht mehr schreiben",
        "Hör bitte auf, mir zu schreiben!",
        "Keine Nachrichten mehr",
        "Ich will keine Nachrichten mehr von dir",
        "Werbung stoppen",
        "Stop, danke schön",
    ],
    Language.FR: [
        "arrêt",
        "ARRETER",
        "désabonner",
        "Désabonnez-moi svp",
        "je veux me désabonner",
        "désinscription",
        "Arrête de m'écrire",
        "Arrêtez de m\u2019envoyer des messages",
        "ne m'écris plus jamais",
        "N'écrivez plus s'il vous plaît",
        "Je ne veux plus recevoir de messages",
        "arrêter les promotions",
        "stop pub",
        "STOP s'il te plaît, merci",
    ],
    Language.ES: [
        "baja",
        "BAJA por favor",
        "quiero darme de baja",
        "cancelar suscripción",
        "deja de escribirme",
        "dejen de enviarme mensajes",
        "no me escribas más",
        "No me manden más mensajes, gracias",
        "no quiero recibir más mensajes",
        "detener promociones",
        "para ya",
        "stop, por favor",
    ],
    Language.PT: [
        "parar",
        "Pare, por favor",
        "cancelar inscrição",
        "quero cancelar a minha inscrição",
        "me descadastre",
        "para de me mandar mensagem",
        "pare de me escrever",
        "não me mande mais mensagens",
        "Não quero mais receber mensagens",
        "parar promoções",
        "stop, obrigada",
    ],
    Language.IT: [
        "cancellami",
        "disiscrivimi",
        "annulla iscrizione",
        "annulla l'iscrizione",
        "non scrivermi più",
        "basta così non scrivermi più",
        "non mi scrivere mai più",
        "smettila di scrivermi",
        "non voglio più ricevere messaggi",
        "interrompi promozioni",
        "basta messaggi",
        "stop, grazie",
    ],
}
STARTS = {
    Language.EN: [
        "START",
        "Start!",
        "start again",
        "ok start please",
        "unstop",
        "resume",
        "subscribe",
        "opt in",
        "continue",
        "Write to me again",
    ],
    Language.NL: ["start", "hervatten", "ga maar door", "meld me weer aan"],
    Language.DE: ["starten", "weiter", "schreib mir bitte wieder"],
    Language.FR: ["redémarrer", "reprendre", "continuer stp", "écris-moi de nouveau"],
    Language.ES: ["iniciar", "empezar", "ALTA", "escríbeme otra vez"],
    Language.PT: ["começar", "recomeçar", "me escreve de novo"],
    Language.IT: ["inizia", "riprendi", "scrivimi di nuovo"],
}
NO_WISHES = [
    "",
    "?!",
    "hello",
    "please",
    "thank you",
    "again",
    "now",
    "stop it",
    "stop it, you make me laugh",
    "stop that",
    "stop haha",
    "stop \U0001f602",
    "stop \U0001f62d\U0001f62d",
    "stop ;)",
    "stop xD",
    "stop right there haha",
    "stop me if you heard this",
    "stop lying",
    "stop being so cute",
    "stop making me laugh",
    "stop, hammer time",
    "stop and smell the roses",
    "stop start",
    "the bus stop",
    "my stop is next",
    "don't stop",
    "please don't stop!",
    "never stop",
    "I can't stop thinking",
    "I want to stop smoking",
    "we stopped",
    "non stop",
    "non-stop",
    "nonstop",
    "full stop",
    "pit stop",
    "end",
    "quit",
    "cancel",
    "cancel the dinner",
    "enough",
    "leave me alone",
    "don't write me a poem",
    "I don't want to",
    "start a story",
    "Let's start",
    "when does it start?",
    "don't continue",
    "niet stoppen",
    "hou op",
    "de bus stopt",
    "stop maar met plagen",
    "ik schrijf niet meer",
    "hör auf",
    "hör nicht auf",
    "weiter geht's nicht",
    "ohne Stopp durch die Nacht",
    "er schreibt mir nicht mehr",
    "arrête",
    "arrête, tu me fais rire",
    "ne t'arrête pas",
    "arrêt de bus",
    "fin",
    "plus de messages",
    "il ne m'écrit plus",
    "basta",
    "para",
    "para ti",
    "no pares",
    "más baja",
    "ya baja",
    "baja un poco la voz",
    "alto",
    "ya no me escribe",
    "para mim",
    "para com isso kkk",
    "pare com isso",
    "sair",
    "ele não me escreve mais",
    "smettila",
    "non smettere",
    "non mi scrive più",
    "fermati un attimo",
    "stop 停",
]
COURTESIES = [
    "please",
    "Thank you!",
    "ok",
    "por favor",
    "merci",
    "bitte",
    "grazie",
    "obrigado",
    "aub",
]


def _misheard(texts: dict[Language, list[str]], meant: Wish) -> list[str]:
    return [text for said in texts.values() for text in said if wish([text]) is not meant]


def test_stop_is_understood_in_every_language() -> None:
    assert list(STOPS) == list(Language)
    assert _misheard(STOPS, Wish.STOP) == []


def test_start_is_understood_in_every_language() -> None:
    assert list(STARTS) == list(Language)
    assert _misheard(STARTS, Wish.START) == []


def test_what_only_sounds_like_it_is_no_wish() -> None:
    assert [text for text in NO_WISHES if wish([text]) is not None] == []


def test_the_last_message_with_a_wish_counts() -> None:
    assert wish([]) is None
    assert wish(["hi", "how are you?"]) is None
    assert wish(["STOP", "why are you still there?"]) is Wish.STOP
    assert wish(["start", "no wait", "stop"]) is Wish.STOP
    assert wish(["stop", "sorry", "start", "hello?"]) is Wish.START


def test_a_wish_is_not_put_together_from_several_messages() -> None:
    assert wish(["I can't", "stop thinking of you"]) is None
    assert wish(["unsub", "scribe"]) is None


@given(
    st.lists(st.sampled_from(COURTESIES), max_size=3),
    st.sampled_from([text for said in STOPS.values() for text in said]),
    st.sampled_from([" ", ", ", ". ", "!! ", "\n", " - "]),
)
def test_courtesies_take_nothing_from_a_stop(around: list[str], stop: str, gap: str) -> None:
    assert wish([gap.join([*around, stop])]) is Wish.STOP
    assert wish([gap.join([stop, *around])]) is Wish.STOP


@given(
    st.sampled_from([text for said in STOPS.values() for text in said]),
    st.sampled_from(["you", "laughing", "bus", "pas", "nicht", "niet", "não", "never", "x"]),
)
def test_one_more_word_makes_it_something_else(stop: str, word: str) -> None:
    assert wish([f"{word} {stop}"]) is None
    assert wish([f"{stop} {word}"]) is None


@given(st.text())
def test_any_text_has_at_most_one_wish(text: str) -> None:
    assert wish([text]) in {None, Wish.STOP, Wish.START}


def test_a_stop_in_a_long_text_is_no_wish() -> None:
    assert wish(["stop " * 100]) is None
    assert wish(["stop" + " " * 1000]) is Wish.STOP


@pytest.mark.parametrize(
    "piece", ["stop ", "stop sending me the ", "no more ", "ne me m ", "st", "e\u0301", "\ufdfa"]
)
def test_no_text_holds_up_the_others(piece: str) -> None:
    hostile = [piece * (200 // len(piece)), piece * 50_000]
    start = time.perf_counter()
    wish(hostile)

    assert time.perf_counter() - start < 0.1
