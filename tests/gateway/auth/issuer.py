"""Issuer: an issuer of tokens on loopback, with real keys, that can be changed, broken and stopped."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

NAME = "https://issuer.example"
AUDIENCE = "pricing-gateway"


@dataclass(frozen=True)
class Key:
    """A key pair; ``public`` is its JWK."""

    key_id: str
    algorithm: str
    private: Any
    public: dict[str, Any]


def make_key(algorithm: str, key_id: str) -> Key:
    private: Any
    if algorithm == "RS256":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    elif algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        private = ed25519.Ed25519PrivateKey.generate()
        public = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return Key(key_id, algorithm, private, {**public, "kid": key_id, "use": "sig"})


def claims(**given: Any) -> dict[str, Any]:
    """Those of a good token of a service; ``None`` leaves one out."""
    now = datetime.now(UTC)
    good: dict[str, Any] = {
        "iss": NAME,
        "aud": AUDIENCE,
        "sub": "pricing-bot",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        "roles": ["service"],
    }
    return {name: value for name, value in {**good, **given}.items() if value is not None}


def sign(key: Key, **given: Any) -> str:
    return jwt.encode(claims(**given), key.private, key.algorithm, {"kid": key.key_id})


@dataclass
class Issuer:
    """``body`` is shown instead of the keys where it is set; ``fetches`` counts who asked."""

    keys: list[Key] = field(default_factory=list)
    body: bytes | None = None
    status: int = 200
    fetches: int = 0
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = "http://{}:{}/jwks".format(*server.sockets[0].getsockname())
        async with server:
            yield

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        body = self.body
        if body is None:
            body = json.dumps({"keys": [key.public for key in self.keys]}).encode()
        head = (
            f"HTTP/1.1 {self.status} OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
