"""What Ava itself says, in no avatar's voice but by its name."""

from bot.chat.languages import Language
from bot.models import Avatar

_INVITATION = {
    Language.EN: (
        "Hi! I am Ava, an AI that lets people chat with an avatar of their own. This number is "
        "not linked to an account yet. Sign up and make your avatar {there}"
    ),
    Language.NL: (
        "Hoi! Ik ben Ava, een AI waarmee mensen met een eigen avatar chatten. Dit nummer is nog "
        "niet aan een account gekoppeld. Meld je aan en maak je avatar {there}"
    ),
    Language.DE: (
        "Hi! Ich bin Ava, eine KI, mit der man mit einem eigenen Avatar chattet. Diese Nummer ist "
        "noch mit keinem Konto verknüpft. Registriere dich und erstelle deinen Avatar {there}"
    ),
    Language.FR: (
        "Salut ! Je suis Ava, une IA qui permet de discuter avec son propre avatar. Ce numéro "
        "n'est pas encore relié à un compte. Inscris-toi et crée ton avatar {there}"
    ),
    Language.ES: (
        "¡Hola! Soy Ava, una IA que te deja chatear con un avatar propio. Este número todavía no "
        "está vinculado a ninguna cuenta. Regístrate y crea tu avatar {there}"
    ),
    Language.PT: (
        "Oi! Eu sou a Ava, uma IA que permite conversar com um avatar só seu. Este número ainda "
        "não está vinculado a uma conta. Cadastre-se e crie seu avatar {there}"
    ),
    Language.IT: (
        "Ciao! Sono Ava, un'IA che ti fa chattare con un avatar tutto tuo. Questo numero non è "
        "ancora collegato a un account. Registrati e crea il tuo avatar {there}"
    ),
}
_LINKED = {
    Language.EN: "Your number is linked. From now on {name} answers here. Say hi!",
    Language.NL: "Je nummer is gekoppeld. Vanaf nu antwoordt {name} hier. Zeg eens hoi!",
    Language.DE: "Deine Nummer ist verknüpft. Ab jetzt antwortet {name} hier. Sag mal hallo!",
    Language.FR: "Ton numéro est relié. À partir de maintenant, {name} répond ici. Dis bonjour !",
    Language.ES: "Tu número está vinculado. Desde ahora {name} responde aquí. ¡Saluda!",
    Language.PT: "Seu número está vinculado. A partir de agora {name} responde aqui. Diga oi!",
    Language.IT: "Il tuo numero è collegato. Da adesso {name} risponde qui. Di' ciao!",
}
_LINKED_WITHOUT_AVATAR = {
    Language.EN: "Your number is linked. Now make your avatar {there}",
    Language.NL: "Je nummer is gekoppeld. Maak nu je avatar {there}",
    Language.DE: "Deine Nummer ist verknüpft. Erstelle jetzt deinen Avatar {there}",
    Language.FR: "Ton numéro est relié. Crée maintenant ton avatar {there}",
    Language.ES: "Tu número está vinculado. Ahora crea tu avatar {there}",
    Language.PT: "Seu número está vinculado. Agora crie seu avatar {there}",
    Language.IT: "Il tuo numero è collegato. Adesso crea il tuo avatar {there}",
}
_CODE_REFUSED = {
    Language.EN: (
        "This code does not fit. A code works for 15 minutes, once, and only from the number it "
        "was made for. Ask for a new one where you got it."
    ),
    Language.NL: (
        "Deze code klopt niet. Een code werkt 15 minuten, één keer, en alleen vanaf het nummer "
        "waarvoor hij is gemaakt. Vraag een nieuwe aan waar je deze kreeg."
    ),
    Language.DE: (
        "Dieser Code passt nicht. Ein Code gilt 15 Minuten, einmal und nur von der Nummer, für "
        "die er gemacht wurde. Hol dir einen neuen, wo du diesen bekommen hast."
    ),
    Language.FR: (
        "Ce code ne convient pas. Un code est valable 15 minutes, une seule fois, et seulement "
        "depuis le numéro pour lequel il a été créé. Demandes-en un nouveau là où tu l'as eu."
    ),
    Language.ES: (
        "Este código no encaja. Un código vale 15 minutos, una sola vez y solo desde el número "
        "para el que se creó. Pide uno nuevo donde lo conseguiste."
    ),
    Language.PT: (
        "Este código não confere. Um código vale 15 minutos, uma única vez, e só para o número "
        "para o qual foi criado. Peça um novo onde você o recebeu."
    ),
    Language.IT: (
        "Questo codice non va bene. Un codice vale 15 minuti, una volta sola e soltanto dal numero "
        "per cui è stato creato. Chiedine uno nuovo dove l'hai ricevuto."
    ),
}
_LATE = {
    Language.EN: (
        "{name} cannot answer right now; something on our side is down. The answer will come."
    ),
    Language.NL: (
        "{name} kan nu even niet antwoorden; er ligt iets plat aan onze kant. Het antwoord komt."
    ),
    Language.DE: (
        "{name} kann gerade nicht antworten; bei uns ist etwas ausgefallen. Die Antwort kommt noch."
    ),
    Language.FR: (
        "{name} ne peut pas répondre pour l'instant : une panne de notre côté. La réponse viendra."
    ),
    Language.ES: (
        "{name} no puede responder ahora mismo; algo falla por nuestra parte. La respuesta llegará."
    ),
    Language.PT: (
        "{name} não consegue responder agora; algo caiu do nosso lado. A resposta vai chegar."
    ),
    Language.IT: (
        "{name} non può rispondere adesso; qualcosa da parte nostra si è fermato. "
        "La risposta arriverà."
    ),
}
_BELATED = {
    Language.EN: "(Sorry, this comes late: something on our side was down.)",
    Language.NL: "(Sorry, dit komt laat: er lag iets plat aan onze kant.)",
    Language.DE: "(Entschuldige, das kommt spät: Bei uns war etwas ausgefallen.)",
    Language.FR: "(Pardon, cette réponse arrive tard : il y a eu une panne de notre côté.)",
    Language.ES: "(Perdona, esto llega tarde: algo falló por nuestra parte.)",
    Language.PT: "(Desculpe, isto chega tarde: algo tinha caído do nosso lado.)",
    Language.IT: "(Scusa, questo arriva tardi: qualcosa da parte nostra si era fermato.)",
}
_SILENCED = {
    Language.EN: (
        "OK, no more messages: this is the last one here, and what you write now stays "
        "unanswered. Changed your mind? Write START."
    ),
    Language.NL: (
        "Oké, geen berichten meer: dit is het laatste hier, en wat je nu schrijft blijft "
        "onbeantwoord. Toch weer zin? Schrijf START."
    ),
    Language.DE: (
        "Okay, keine Nachrichten mehr: Das ist hier die letzte, und was du jetzt schreibst, "
        "bleibt unbeantwortet. Doch wieder Lust? Schreib START."
    ),
    Language.FR: (
        "D'accord, plus de messages : celui-ci est le dernier ici, et ce que tu écris maintenant "
        "reste sans réponse. Tu changes d'avis ? Écris START."
    ),
    Language.ES: (
        "De acuerdo, no habrá más mensajes: este es el último aquí, y lo que escribas ahora queda "
        "sin respuesta. ¿Cambias de opinión? Escribe START."
    ),
    Language.PT: (
        "Tudo bem, sem mais mensagens: esta é a última aqui, e o que você escrever agora fica sem "
        "resposta. Mudou de ideia? Escreva START."
    ),
    Language.IT: (
        "Va bene, niente più messaggi: questo è l'ultimo qui, e quello che scrivi adesso resta "
        "senza risposta. Cambi idea? Scrivi START."
    ),
}
_UNSILENCED = {
    Language.EN: "Welcome back! {name} answers here again. To end it, write STOP.",
    Language.NL: "Welkom terug! {name} antwoordt hier weer. Wil je niet meer? Schrijf STOP.",
    Language.DE: "Willkommen zurück! {name} antwortet hier wieder. Zum Beenden schreib STOP.",
    Language.FR: "Te revoilà ! {name} répond de nouveau ici. Pour arrêter, écris STOP.",
    Language.ES: "¡Qué bien que vuelvas! {name} responde aquí otra vez. Para parar, escribe STOP.",
    Language.PT: "Que bom ter você aqui! {name} responde de novo. Para parar, escreva STOP.",
    Language.IT: "Che bello risentirti! {name} risponde di nuovo qui. Per smettere, scrivi STOP.",
}
_WITHOUT_AVATAR = {
    Language.EN: (
        "I'd love to talk with you, but I don't exist yet! Make your avatar first, where you "
        "signed up: a name, an age, a personality and looks. Then write to me here again."
    ),
    Language.NL: (
        "Ik zou graag met je praten, maar ik besta nog niet! Maak eerst je avatar, waar je je hebt "
        "aangemeld: een naam, een leeftijd, een karakter en een uiterlijk. Schrijf me daarna weer."
    ),
    Language.DE: (
        "Ich würde gern mit dir reden, aber es gibt mich noch nicht! Erstelle zuerst deinen "
        "Avatar, wo du dich registriert hast: Name, Alter, Charakter und Aussehen. Dann schreib "
        "mir hier wieder."
    ),
    Language.FR: (
        "J'aimerais parler avec toi, mais je n'existe pas encore ! Crée d'abord ton avatar, là où "
        "tu as ouvert ton compte : un nom, un âge, un caractère et une apparence. Puis écris-moi "
        "de nouveau ici."
    ),
    Language.ES: (
        "¡Me encantaría hablar contigo, pero todavía no existo! Crea primero tu avatar donde te "
        "registraste: un nombre, una edad, una personalidad y un aspecto. Luego escríbeme otra vez "
        "aquí."
    ),
    Language.PT: (
        "Eu adoraria conversar com você, mas ainda não existo! Crie primeiro seu avatar onde você "
        "se cadastrou: um nome, uma idade, uma personalidade e uma aparência. Depois me escreva "
        "aqui de novo."
    ),
    Language.IT: (
        "Mi piacerebbe parlare con te, ma non esisto ancora! Crea prima il tuo avatar, dove hai "
        "aperto il tuo account: un nome, un'età, un carattere e un aspetto. Poi scrivimi qui."
    ),
}
_YOUR_AVATAR = {
    Language.EN: "Your avatar",
    Language.NL: "Je avatar",
    Language.DE: "Dein Avatar",
    Language.FR: "Ton avatar",
    Language.ES: "Tu avatar",
    Language.PT: "Seu avatar",
    Language.IT: "Il tuo avatar",
}
_HERE = {
    Language.EN: "here: {url}",
    Language.NL: "hier: {url}",
    Language.DE: "hier: {url}",
    Language.FR: "ici : {url}",
    Language.ES: "aquí: {url}",
    Language.PT: "aqui: {url}",
    Language.IT: "qui: {url}",
}
_IN_THE_APP = {
    Language.EN: "in the app that goes with this number.",
    Language.NL: "in de app die bij dit nummer hoort.",
    Language.DE: "in der App, die zu dieser Nummer gehört.",
    Language.FR: "dans l'application qui va avec ce numéro.",
    Language.ES: "en la aplicación que corresponde a este número.",
    Language.PT: "no aplicativo que acompanha este número.",
    Language.IT: "nell'app che va con questo numero.",
}


def invitation(sign_up_url: str | None, language: Language = Language.EN) -> str:
    """For a number that nobody has linked."""
    return _INVITATION[language].format(there=_there(sign_up_url, language))


def linked(avatar: Avatar | None, sign_up_url: str | None, language: Language = Language.EN) -> str:
    """For a number that has just proved whose it is."""
    if avatar is None:
        return _LINKED_WITHOUT_AVATAR[language].format(there=_there(sign_up_url, language))
    return _LINKED[language].format(name=avatar.name)


def without_avatar(language: Language = Language.EN) -> str:
    """For somebody who has linked a number and made no avatar."""
    return _WITHOUT_AVATAR[language]


def code_refused(language: Language = Language.EN) -> str:
    """For a code that is wrong, late or meant for another number."""
    return _CODE_REFUSED[language]


def late(avatar: Avatar | None, language: Language = Language.EN) -> str:
    """For a model that gives no answer right now."""
    return _LATE[language].format(name=_name(avatar, language))


def belated(language: Language = Language.EN) -> str:
    """For the line above an answer that comes late because something on our side was down."""
    return _BELATED[language]


def silenced(language: Language = Language.EN) -> str:
    """For somebody who wrote STOP: the last that they hear, until they write START."""
    return _SILENCED[language]


def unsilenced(language: Language, avatar: Avatar | None) -> str:
    """For somebody who wrote START after that."""
    return _UNSILENCED[language].format(name=_name(avatar, language))


def _name(avatar: Avatar | None, language: Language) -> str:
    return avatar.name if avatar else _YOUR_AVATAR[language]


def _there(sign_up_url: str | None, language: Language) -> str:
    return _HERE[language].format(url=sign_up_url) if sign_up_url else _IN_THE_APP[language]
