"""A mail server for tests: smtp-server.py KIND CERTIFICATE KEY FOLDER; says its port.

KIND is starttls, tls or plain. Only user "fairlead" with password "right horse" may send, except
where KIND is plain. Mail for refused@example.org is refused. Each mail becomes a file.
"""
import asyncio
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

kind, certificate, key, folder = sys.argv[1:]


count = 0


class Handler:

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == "refused@example.org":
            return "550 5.1.1 nobody is called like that"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global count
        count += 1
        head = "from %s\nto %s\n" % (envelope.mail_from, ",".join(envelope.rcpt_tos))
        (Path(folder) / ("mail-%d.next" % count)).write_bytes(head.encode() + envelope.content)
        (Path(folder) / ("mail-%d.next" % count)).rename(Path(folder) / ("mail-%d" % count))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == b"fairlead" and data.password == b"right horse"
    return AuthResult(success=right, handled=False)


context = None
if kind != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
more = {}
if kind == "starttls":
    more = {"tls_context": context, "require_starttls": True}
if kind != "plain":
    more.update({"auth_required": True, "authenticator": authenticate, "auth_require_tls": kind == "starttls"})


async def serve():
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), **more), "127.0.0.1", 0, ssl=context if kind == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
