// Sign-in: who is signed in, and the way in or out; nothing where signing in is no way to get in.
import { useEffect, useState } from "react";

const at = (path) => new URL(path, document.baseURI).href;

export function SignIn() {
  const [viewer, setViewer] = useState(undefined);

  useEffect(() => {
    fetch(at("me"), { headers: { accept: "application/json" } })
      .then(async (answer) => {
        if (answer.ok) setViewer((await answer.json()).viewer);
        else if (answer.status === 401) setViewer(null);
      })
      .catch(() => {}); // the console says by itself that nobody answers
  }, []);

  if (viewer === undefined) return null;
  if (viewer === null || !viewer.id.startsWith("user:")) {
    return (
      <a className="sign-in" href={at("login")}>
        Sign in
      </a>
    );
  }
  const signOut = async () => {
    await fetch(at("logout"), { method: "POST" });
    location.reload();
  };
  return (
    <button type="button" className="sign-in" title={`Signed in as ${viewer.name}`} onClick={signOut}>
      Sign out
    </button>
  );
}
