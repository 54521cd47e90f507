"""Login page: a form without a script, under a policy that lets nothing in but its own style."""

from base64 import b64encode
from hashlib import sha256
from html import escape

_STYLE = """
body { font: 1rem/1.6 system-ui, sans-serif; margin: 4rem auto; max-width: 22rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; }
label { display: block; margin-top: 1rem; }
input, button { box-sizing: border-box; font: inherit; padding: 0.4rem 0.6rem; width: 100%; }
button { margin-top: 1.5rem; }
"""
_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Pricing gateway: sign in</title>
    <style>{style}</style>
  </head>
  <body>
    <h1>Sign in</h1>
    {message}
    <form method="post" action="/login">
      <label>E-mail <input name="email" type="email" autocomplete="username" required autofocus /></label>
      <label>Password
        <input type="password" name="password" autocomplete="current-password" required /></label>
      <button>Sign in</button>
    </form>
  </body>
</html>
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    f"form-action 'self'; style-src 'sha256-{_STYLE_HASH}'",
    "cache-control": "no-store",
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def page(message: str = "") -> str:
    shown = f'<p role="alert">{escape(message)}</p>' if message else ""
    return _PAGE.format(style=_STYLE, message=shown)
