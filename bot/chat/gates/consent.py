"""STOP and START: when somebody wants no more messages on WhatsApp, or wants them again.

A wish is a short message that says nothing else but courtesies. What is also said in fun ("stop
it", "arrête", "basta") and what may be part of a talk ("end", "quit", "fin") is none by itself.
Patterns are written for ``languages.words``.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from bot.chat.languages import Language, phrases, words


class Wish(StrEnum):
    """What somebody wants Ava to do."""

    STOP = "stop"
    START = "start"


_LONGEST = 200  # characters; who writes more says more than a wish
# Who laughs (with tears, or to death), winks or blushes is playing.
_IN_FUN = re.compile(
    "[\U0001f480\U0001f600-\U0001f606\U0001f609\U0001f60b-\U0001f60f\U0001f618\U0001f61b-\U0001f61d"
    "\U0001f62d\U0001f633\U0001f643\U0001f648\U0001f923\U0001f92a\U0001f92d\U0001f970\U0001f97a]"
    "|[;xX]-?[)D]"
)

_PARTS = {
    "again": "(?:(?:ever )?again|any ?more|any longer)",
    "your": "(?:(?:all|any|more|the|this|these|those|your) )*",
    "texts": r"(?:messag(?:es?|ing)|text(?:s|ing)|sms|spam(?:ming)?|promo(?:tion)?s?|marketing"
    r"|ads|notifications|updates|chat(?:s|ting)?)",
    "berichten": "(?:berichten|berichtjes|appjes|promoties|reclame|aanbiedingen|meldingen)",
    "nachrichten": "(?:nachrichten|werbung|angebote|mitteilungen|promotions?)",
    "de tes": "(?:(?:de|des|les|tes|vos|ces|aux|tous|aucun) |d)*",
    "messages": "(?:messages?|promotions?|pubs?|publicites?|notifications?|sms)",
    "mensajes": "(?:mensajes?|promociones|publicidad|notificaciones|whatsapps?)",
    "mensagens": "(?:mensage[mn]s?|msgs?|promocoes|propagandas?|publicidade|notificacoes)",
    "messaggi": "(?:messaggi|promozioni|pubblicita|notifiche)",
}
_STOP = {
    Language.EN: r"""
        s t o p|stop all|stop (?:with )?<your><texts>(?: to)?(?: me)?(?: <again>)?
        stop (?:contacting|spamming|bothering|(?:talking|writing|replying) to|writing) me
        stop sending(?: me)? <your>(?:<texts>|anything|stuff)(?: to me)?|stop sending to me
        (?:how (?:do|can) i |i (?:want|wish|need|would like) to |id like to )?\
            (?:unsubscribe(?: me)?|opt ?out)(?: (?:from|of) <your>(?:list|<texts>))?
        opt me out|cancel (?:my |the )?subscription|(?:remove me|take me off)(?: from| off)?\
            (?: (?:this|the|your) list)?
        (?:do not|dont|never) (?:ever )?(?:contact|message|text|whatsapp|write(?: to)?) me\
            (?: <again>)?
        (?:do not|dont|never) (?:ever )?send(?: me)? <your><texts>(?: to me)?(?: <again>)?
        i (?:do not|dont) want (?:to (?:get|receive) )?<your><texts>(?: from you)?(?: <again>)?
        no more <texts>
    """,
    Language.NL: r"""
        ik wil (?:me |mij )?(?:afmelden|uitschrijven)|meld (?:me|mij) af|schrijf (?:me|mij) uit
        (?:mijn )?abonnement (?:opzeggen|stoppen)|<berichten> (?:stoppen|stopzetten)
        (?:stop(?:pen)?|houd? op) met (?:(?:me|mij|het) )*\
            (?:appen|<berichten>(?: (?:te )?sturen)?|sturen(?: van <berichten>)?)
        (?:stop(?:pen)?|houd? op) met (?:me|mij) te (?:appen|schrijven|berichten|sturen)
        stop (?:de |deze |alle )?<berichten>
        (?:stuur|app|schrijf) (?:me|mij) (?:nooit|niet|niets) meer
        (?:stuur (?:me |mij )?)?(?:geen|nooit meer) <berichten>(?: meer)?(?: sturen)?
        ik wil (?:geen|nooit meer) <berichten>(?: meer)?(?: van (?:je|jou|jullie|u))?(?: meer)?\
            (?: ontvangen| krijgen)?
    """,
    Language.DE: r"""
        (?:ich (?:mochte|will) )?mich (?:abmelden|austragen)|meld(?:e|en sie)? mich ab
        (?:mein )?abo(?:nnement)? (?:kundigen|beenden|stoppen)
        <nachrichten> (?:stoppen|abbestellen|beenden)|stopp? (?:die |alle )?<nachrichten>
        (?:schreib|schick|send)(?:e|en sie|t)? (?:mir|mich) (?:bitte )?\
            (?:nicht mehr|nie wieder|nichts mehr)|(?:mir )?(?:bitte )?nicht mehr schreiben
        (?:(?:schreib|schick|send)(?:e|en sie|t)? (?:mir )?)?(?:bitte )?\
            keine (?:weiteren )?<nachrichten>(?: mehr)?(?: senden| schicken| schreiben)?
        (?:hore?|horen sie|hort) (?:bitte )?auf mir (?:<nachrichten> )?zu (?:schreiben|schicken\
            |senden)
        ich (?:will|mochte) keine (?:weiteren )?<nachrichten>(?: mehr)?\
            (?: von (?:dir|euch|ihnen))?(?: mehr)?(?: bekommen| erhalten)?
    """,
    Language.FR: r"""
        (?:je (?:veux|voudrais|souhaite) )?(?:me |se )(?:desabonner|desinscrire)
        (?:desabonne[sz]?|desinscri[st]|desinscrivez) moi|resilier (?:mon |l)?abonnement
        arret(?:e|es|er|ez) (?:de |d)(?:me |m ?)?(?:contacter|ecrire|texter|spammer|harceler\
            |envoyer <de tes><messages>)|(?:arret(?:er|ez)?|stop) <de tes><messages>
        (?:ne |n)(?:me |m ?)?(?:ecri[st]|ecrivez|contacte[sz]?|envoie[sz]?|envoyez)\
            (?: plus jamais| jamais plus| plus)(?: <de tes><messages>| rien)?
        ne plus (?:me |m ?)(?:ecrire|contacter|envoyer <de tes><messages>)
        je (?:ne )?veux plus (?:recevoir )?<de tes><messages>(?: de (?:ta|votre) part)?
    """,
    Language.ES: r"""
        (?:quiero |deseo |solicito )?(?:darme|dame|deme|denme) de baja
        (?:quiero|deseo|solicito) (?:la )?baja|(?:cancel|anul)ar? (?:mi |la )?suscripcion
        (?:quiero |deseo )?desuscribir(?:me|se)?|(?:stop|para|parar) ya|para por favor
        (?:parar?|detener|deten|stop) (?:los |las |de )?<mensajes>
        (?:deja[r|d]?|dejen?|paren?) de (?:escribir|contactar|molestar)me
        (?:deja[r|d]?|dejen?|paren?) de (?:mandar|enviar)(?:me)?(?: mas)? <mensajes>
        no me (?:escrib|contact|mand|envi)[ae][ns]? (?:nunca )?mas(?: <mensajes>)?
        no (?:(?:quiero|deseo) (?:recibir )?)?mas <mensajes>
    """,
    Language.PT: r"""
        (?:quero )?(?:cancelar?|cancele|anular?) (?:a )?(?:minha )?\
            (?:inscricao|assinatura|subscricao)
        (?:quero )?me (?:descadastr(?:ar|a|e)|desinscrev(?:er|a|e))
        (?:parar?|parem?|interromper|stop) (?:as |de |com as )?<mensagens>
        (?:parar?|parem?) de (?:me )?(?:escrever|contatar|contactar|incomodar\
            |(?:mandar|enviar) (?:mais )?<mensagens>)
        nao (?:me )?(?:escrev|mand|envi|contat|contact)[ae][ms]?(?: me)?(?: nunca)? mais\
            (?: <mensagens>)?
        nao quero (?:mais )?(?:receber )?(?:mais |suas )?<mensagens>(?: suas)?
    """,
    Language.IT: r"""
        (?:voglio |vorrei )?disiscriver(?:mi|e)|(?:annulla|cancella)(?:re)? (?:la mia |l)?iscrizione
        (?:disdi(?:re|ci)|annulla(?:re)?) (?:il mio |l)?abbonamento
        (?:interromp(?:i|ere)|ferma(?:re)?|basta|stop) (?:i |le |con i |ai |alle )?<messaggi>
        non (?:scriver|scrivete|contattar|contattate|mandar|mandate|inviar|inviate)mi (?:mai )?piu\
            (?: <messaggi>| niente| nulla)?
        non mi (?:scrivere|scrivete|contattare|contattate) (?:mai )?piu
        non (?:voglio|desidero) (?:piu )?(?:ricevere )?(?:piu |altri |i tuoi |tuoi )?<messaggi>
        (?:smetti(?:la|tela)?|smettetela|basta) di (?:scriver|contattar|disturbar)mi
        (?:smetti(?:la|tela)?|smettetela|basta) di (?:mandar|inviar)(?:mi|e) <messaggi>
        basta scrivermi
    """,
}
# Behind the phrases of all languages, for many of them begin with such a word.
_STOP_WORDS = """
    stopp?|stopall|optout|unsubscribe|stoppen|stopzetten|afmelden|uitschrijven|abmelden|abbestellen
    austragen|arret(?:er|ez)?|desabonner|desabonnement|desinscrire|desinscription|baja|desuscribir
    detener|parar|pare|descadastrar|desinscrever|cancellami|disiscrivimi|disiscriviti|disiscrizione
"""
_START = {
    Language.EN: r"""
        (?:re ?)?start(?: (?:again|over|messages|(?:chatt|messag|text)ing|me))*|un ?stop
        resume|(?:re ?)?subscribe|opt (?:me )?(?:back )?in|optin|continue|come back|begin(?: again)?
        (?:message|text|talk to|write(?: to)?) me again
    """,
    Language.NL: r"""
        (?:opnieuw )?starten|hervat(?:ten)?|doorgaan|ga (?:maar )?(?:door|verder)|verder
        begin(?:nen)? (?:opnieuw|weer)|meld (?:me|mij) (?:weer )?aan|aanmelden|inschrijven
        (?:app|schrijf|stuur) (?:me|mij) weer
    """,
    Language.DE: r"""
        weiter(?:machen)?|mach (?:bitte )?weiter|fortsetzen|(?:neu )?starten|fang wieder an
        (?:wieder )?(?:abonnieren|anfangen|anmelden)|schreibe? mir (?:bitte )?wieder
    """,
    Language.FR: r"""
        (?:re)?demarrer?|repren(?:ds?|dre|ez)|continue[rz]?|(?:re)?commence[rz]?
        (?:me |se |s|m)?(?:re)?abonner|(?:re)?abonne[sz]? moi|ecris moi (?:a|de) nouveau
    """,
    Language.ES: r"""
        (?:re)?iniciar|empezar|empieza|comenzar|reanudar?|continuar?|sigue|seguir|alta
        (?:re)?suscribir(?:me|se)?|(?:dame|darme) de alta|escribeme (?:de nuevo|otra vez)
    """,
    Language.PT: r"""
        (?:re)?comec(?:ar|a|e)|retom(?:ar|a|e)|volt(?:ar|a|e)|assinar
        (?:me )?(?:inscrever|inscreva|subscrever)|me escreve (?:de novo|outra vez)
    """,
    Language.IT: r"""
        inizia(?:re)?|(?:ri)?comincia(?:re)?|riprend(?:i|ere)|(?:ri)?attiva(?:re)?|continuare
        iscriv(?:imi|iti|ermi)|abbona(?:mi|ti)|scrivimi (?:ancora|di nuovo)
    """,
}
_COURTESIES = {
    Language.EN: r"""
        please|pls|plz|(?:no )?(?:thanks|thank you|thx|ty)(?: (?:so|very) much| a lot)?|kindly|sorry
        hi|hello|hey|ok(?:ay)?|dear|sir|ava|bot|(?:good ?)?bye|just|now|right now|immediately
        at once|and|but|(?:can|could|will|would) you|i said|id like you to|i (?:want|need) you to
        enough|leave me alone|go away|(?:have a )?(?:good|nice) (?:day|morning|evening)
    """,
    Language.NL: r"""
        alsjeblieft|alstublieft|aub|svp|(?:dank|bedankt)(?:jewel| je wel| je| u)?|hoi|hallo|nu
        meteen|maar|graag|(?:kun|kan|wil|zou) je|laat me met rust|houd? op|genoeg
    """,
    Language.DE: r"""
        bitte|danke(?: ?schon| dir| sehr)?|vielen dank|tut mir leid|jetzt|sofort|endlich|und|aber
        mal|(?:kannst|konntest) du|(?:konnen|konnten) sie|hore? (?:bitte )?auf|lass mich in ruhe
        guten (?:tag|morgen|abend)|tschuss|es reicht|lg|mfg
    """,
    Language.FR: r"""
        sil (?:te|vous) plait|stp|merci(?: beaucoup| davance)?|bonjour|bonsoir|salut|desolee?
        maintenant|tout de suite|au revoir|mais|(?:pouvez vous|peux tu)|arrete|ca suffit
        laisse[zr]? moi tranquille|bonne (?:journee|soiree)
    """,
    Language.ES: r"""
        por favor|porfa(?:vor)?|(?:muchas )?gracias|hola|adios|lo siento|perdon|dejame en paz
        buen(?:os|as)? (?:dias?|tardes|noches)
    """,
    Language.PT: r"""
        pf|pfv|(?:muito )?obrigad[oa]|vlw|ola|oi|agora|desculp[ae]|tchau|me deixa em paz|chega
        bom dia|boa (?:tarde|noite)
    """,
    Language.IT: r"""
        per favore|perfavore|(?:molte )?grazie(?: mille)?|ciao|scusa(?:mi)?|adesso|subito|ti prego
        basta(?: cosi)?|smettila|lasciami in pace|buon(?:giorno|asera)|arrivederci
    """,
}


def _spoken(kind: str, *tables: str) -> str:
    pattern = phrases("\n".join(tables), _PARTS).pattern
    return rf"(?P<{kind}>{pattern}(?: |$))"


# Of all languages together, because people mix them ("stop, por favor").
_PHRASE = re.compile(
    "|".join(
        (
            _spoken(Wish.STOP, *_STOP.values(), _STOP_WORDS),
            _spoken(Wish.START, *_START.values()),
            _spoken("courtesy", *_COURTESIES.values()),
        )
    )
)


def wish(texts: Sequence[str]) -> Wish | None:
    """Return what the last of *texts* with a wish wants; each text is a message."""
    return next(filter(None, map(_wish_in, reversed(texts))), None)


def _wish_in(text: str) -> Wish | None:
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    kinds = _kinds_of_phrases(words(text)) - {"courtesy"}
    found = next((each for each in Wish if kinds == {each}), None)
    return None if found is Wish.STOP and _IN_FUN.search(text) else found


def _kinds_of_phrases(said: str) -> set[str | None]:
    """Read *said* once, phrase by phrase; return nothing when it says anything else, too."""
    kinds, at = set(), 0
    while at < len(said):
        phrase = _PHRASE.match(said, at)
        if phrase is None:
            return set()
        kinds.add(phrase.lastgroup)
        at = phrase.end()
    return kinds
