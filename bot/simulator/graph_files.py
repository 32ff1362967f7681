"""The Graph API's files and the facts about the number."""

import base64
import hashlib
import hmac
import time

from aiohttp import BodyPartReader, web

from bot.simulator.config import Json, SimulatorConfig
from bot.simulator.graph_api import VERSION, authorise, own_number
from bot.simulator.graph_errors import GraphError
from bot.simulator.ids import new_media_id
from bot.simulator.network import Network
from bot.simulator.values import File

_URL_SECONDS = 300
_LARGEST = {"image": 5 << 20, "audio": 16 << 20, "video": 16 << 20, "application": 100 << 20}


class GraphFiles:
    """Upload, look up, download; a download url lives five minutes and wants the token."""

    def __init__(self, config: SimulatorConfig, network: Network) -> None:
        self._config = config
        self._network = network

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(VERSION + "/{number}/media", self.upload),
            web.get(VERSION + "/{id}", self.look_up),
            web.get("/media/{id}", self.download),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        authorise(request, self._config)
        own_number(request, self._config)
        if not request.content_type.startswith("multipart/"):
            raise GraphError(100, "The parameter file is required.")
        fields: dict[str, File] = {}
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name:
                fields[part.name] = await _file(part)
        if fields.get("messaging_product", _NOTHING).data != b"whatsapp":
            raise GraphError(100, "The parameter messaging_product is required.")
        if "file" not in fields:
            raise GraphError(100, "The parameter file is required.")
        file = fields["file"]
        if len(file.data) > _LARGEST.get(file.mime_type.partition("/")[0], 100 << 20):
            raise GraphError(131053, "The file is too big for its type.")
        self._network.keep_file(file)
        return web.json_response({"id": file.id})

    async def look_up(self, request: web.Request) -> web.Response:
        """A file's url, or facts about the number when the id is the number's."""
        authorise(request, self._config)
        if request.match_info["id"] == self._config.phone_number_id:
            return web.json_response(self._number(request.query.get("fields")))
        file = self._network.file(request.match_info["id"])
        if file is None:
            raise GraphError.no_such_object("get", request.match_info["id"])
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "url": self._url(request, file),
                "mime_type": file.mime_type,
                "sha256": hashlib.sha256(file.data).hexdigest(),
                "file_size": len(file.data),
                "id": file.id,
            }
        )

    async def download(self, request: web.Request) -> web.Response:
        authorise(request, self._config)
        until = request.query.get("ext", "")
        given = request.query.get("hash", "").encode(errors="replace")
        is_ours = hmac.compare_digest(self._hash(request.match_info["id"], until).encode(), given)
        file = self._network.file(request.match_info["id"])
        if file is None or not is_ours or int(until) < time.time():
            raise web.HTTPNotFound
        return web.Response(body=file.data, headers={"Content-Type": file.mime_type})

    def _url(self, request: web.Request, file: File) -> str:
        until = str(int(time.time()) + _URL_SECONDS)
        path = f"/media/{file.id}?ext={until}&hash={self._hash(file.id, until)}"
        return f"{request.scheme}://{request.host}{path}"

    def _hash(self, file_id: str, until: str) -> str:
        key = self._config.app_secret.encode()
        return hmac.digest(key, f"{file_id}:{until}".encode(errors="replace"), "sha256").hex()

    def _number(self, fields: str | None) -> Json:
        digits = self._config.display_phone_number
        facts: Json = {
            "verified_name": "Ava",
            "display_phone_number": f"+{digits}",
            "code_verification_status": "VERIFIED",
            "quality_rating": "GREEN",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
            "webhook_configuration": {"application": self._config.webhook_url},
            "name_status": "APPROVED",
            "id": self._config.phone_number_id,
        }
        asked = [field for field in (fields or "").split(",") if field] or list(facts)
        unknown = [field for field in asked if field not in facts]
        if unknown:
            raise GraphError(100, f"Tried accessing nonexisting field ({unknown[0]})")
        return {field: facts[field] for field in (*asked, "id")}


def media_item(file: File, kind: str, *, caption: str | None = None) -> Json:
    """A file as a person sends it: ``{"type": kind, kind: {...}}``."""
    digest = base64.b64encode(hashlib.sha256(file.data).digest()).decode()
    content: Json = {"id": file.id, "mime_type": file.mime_type, "sha256": digest}
    if caption:
        content["caption"] = caption
    if kind == "document":
        content["filename"] = file.filename or "file"
    if kind == "audio":
        content["voice"] = True
    return {"type": kind, kind: content}


async def _file(part: BodyPartReader) -> File:
    return File(
        id=new_media_id(),
        mime_type=part.headers.get("Content-Type", "application/octet-stream"),
        data=bytes(await part.read()),
        filename=part.filename,
    )


_NOTHING = File(id="", mime_type="", data=b"")
