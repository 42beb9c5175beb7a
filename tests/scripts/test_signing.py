"""The scripts that sign and pack a bundle, among programs that only note how they are called."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from bundling.checks import CONTENTS

SCRIPTS = Path(__file__).parents[2] / "scripts"
HASH = "0123456789ABCDEF0123456789ABCDEF01234567"
SECRETS = {
    "MTP_MLX_CERTIFICATE": "c2VjcmV0LWNlcnRpZmljYXRl",
    "MTP_MLX_CERTIFICATE_PASSWORD": "secret-password",
    "MTP_MLX_NOTARY_KEY": "secret-key",
    "MTP_MLX_NOTARY_KEY_ID": "KEYID",
    "MTP_MLX_NOTARY_ISSUER": "issuer",
}
NOTE = 'printf "%s\\n" "$(basename "$0") $*" >>"$NOTES"\n'
FAKES = {
    "uname": "echo Darwin",
    "codesign": NOTE
    + 'case "$*" in *--verify*) [ -z "${UNSIGNED:-}" ] ;; *"${REFUSED:-nothing}") false ;; esac',
    "security": NOTE
    + f"""
case "$1" in
  find-identity) echo '  1) {HASH} "Developer ID Application: Somebody (TEAM)"' ;;
  list-keychains) [ $# -gt 3 ] || echo '    "/login.keychain-db"' ;;
  import) [ -z "${{WRONG_PASSWORD:-}}" ] ;;
esac""",
    "xcrun": NOTE + 'case "$*" in *" submit "*) echo answer ;; *" log "*) echo "the log" ;; esac',
    "plutil": 'case "$2" in status) echo "${VERDICT:-Accepted}" ;; *) echo some-id ;; esac',
    "spctl": NOTE,
    "sleep": NOTE,
    "uuidgen": "echo made-up",
    "ditto": NOTE + 'if [ "$1" = -c ]; then touch "${@: -1}"; else cp -R "$1" "$2"; fi',
    "hdiutil": NOTE
    + """
if [ -n "${BUSY:-}" ] && [ "$(grep -c '^hdiutil' "$NOTES")" -lt 3 ]; then exit 1; fi
ls "$7" | sed 's/^/in the image: /' >>"$NOTES"
touch "${@: -1}\"""",
    "shasum": 'echo "digest  ${@: -1}"',
}


@dataclass(frozen=True)
class Mac:
    """A folder with a bundle, and the notes of the programs that were called."""

    folder: Path

    @property
    def app(self) -> Path:
        return self.folder / "A folder" / "MTP MLX.app"

    def run(self, script: str, *arguments: str | Path, **variables: str) -> tuple[int, str]:
        """Return the exit code and everything that was written."""
        bare = {name: value for name, value in os.environ.items() if name not in SECRETS}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            [SCRIPTS / script, *arguments],
            env={**bare, "PATH": path, "NOTES": str(self.folder / "notes"), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def notes(self, program: str) -> list[str]:
        lines = (self.folder / "notes").read_text().splitlines()
        return [line.removeprefix(program).strip() for line in lines if line.startswith(program)]

    def signed(self) -> list[str]:
        """Return what was signed, in order, by its name."""
        calls = [line for line in self.notes("codesign") if "--sign" in line]
        return [call.rsplit("/", 1)[1] for call in calls]


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    mac = Mac(tmp_path)
    (tmp_path / "bin").mkdir()
    for name, body in FAKES.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/usr/bin/env bash\n{body}\n")
        program.chmod(0o755)
    python = mac.app / "Contents" / "Resources" / "python"
    packages = python / "lib" / "python3.12" / "site-packages"
    framework = packages / "PySide6" / "Qt" / "lib" / "QtCore.framework"
    for file in (
        framework / "Versions" / "A" / "QtCore",
        framework / "Versions" / "A" / "helper.dylib",
        packages / "mlx" / "core.so",
        packages / "mlx" / "lib" / "libmlx.dylib",
        packages / "mlx" / "lib" / "mlx.metallib",
        python / "bin" / "python3.12",
        mac.app / "Contents" / "MacOS" / "mtp-mlx",
        mac.app / "Contents" / "MacOS" / "MTP MLX",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (framework / "Versions" / "Current").symlink_to("A")
    (python / "bin" / "python3").symlink_to("python3.12")
    return mac


def test_everything_is_signed_from_the_inside_out(mac: Mac) -> None:
    code, said = mac.run("sign", mac.app, **SECRETS)
    assert code == 0, said
    *libraries, python, command, app = mac.signed()
    assert sorted(libraries) == ["QtCore.framework", "core.so", "libmlx.dylib"]
    assert [python, command, app] == ["python3.12", "mtp-mlx", "MTP MLX.app"]
    for call in mac.notes("codesign"):
        if "--verify" not in call:
            assert f"--sign {HASH}" in call
            assert "--options runtime --timestamp" in call
            assert "--deep" not in call
            assert "--entitlements" not in call


def test_it_is_notarised_and_the_secrets_are_put_away(mac: Mac) -> None:
    code, said = mac.run("sign", mac.app, **SECRETS)
    assert code == 0, said
    submit, staple = mac.notes("xcrun")
    assert submit.startswith("notarytool submit")
    assert "--wait" in submit
    assert staple == f"stapler staple {mac.app}"
    assert not [value for value in SECRETS.values() if value.startswith("sec") and value in said]
    assert SECRETS["MTP_MLX_CERTIFICATE"] not in said
    keychain = mac.notes("security delete-keychain")[0]
    assert not Path(keychain).parent.exists()
    assert mac.notes("security list-keychains -d user -s") == [f"{keychain} /login.keychain-db"]


def test_without_secrets_it_is_signed_ad_hoc_and_says_how_to_open_it(mac: Mac) -> None:
    code, said = mac.run("sign", mac.app)
    assert code == 0, said
    assert len(mac.signed()) == 6
    assert all("--sign - --timestamp=none" in c for c in mac.notes("codesign") if "--sign" in c)
    assert not any("runtime" in call for call in mac.notes("codesign"))
    assert mac.notes("security") == mac.notes("xcrun") == []
    assert "Privacy & Security" in said
    assert "Open Anyway" in said


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"VERDICT": "Invalid"}, "Apple's notary says Invalid of bundle.zip."),
        ({"WRONG_PASSWORD": "1"}, "The certificate cannot be opened."),
        ({"UNSIGNED": "1"}, "== programs"),
        ({"REFUSED": "core.so"}, "== libraries"),
        ({"REFUSED": "python3.12"}, "== programs"),
    ],
)
def test_what_goes_wrong_ends_it(mac: Mac, variables: dict[str, str], words: str) -> None:
    code, said = mac.run("sign", mac.app, **SECRETS, **variables)
    assert code != 0
    assert words in said
    assert "Signed" not in said
    assert mac.notes("security delete-keychain")


def test_frameworks_without_links_are_refused(mac: Mac) -> None:
    (next(mac.app.rglob("QtCore.framework")) / "Versions" / "Current").unlink()
    code, said = mac.run("sign", mac.app)
    assert code != 0
    assert "has no links" in said


def test_an_image_has_the_bundle_and_a_way_to_install_it(mac: Mac) -> None:
    out = mac.folder / "MTP-MLX.dmg"
    code, said = mac.run("disk_image", mac.app, out, **SECRETS)
    assert code == 0, said
    assert mac.notes("in the image:") == ["Applications", "MTP MLX.app"]
    assert mac.signed() == ["MTP-MLX.dmg"]
    assert mac.notes("xcrun stapler staple") == [str(out)]
    assert Path(f"{out}.sha256").read_text() == "digest  MTP-MLX.dmg\n"


def test_an_unsigned_image_says_how_to_open_it(mac: Mac) -> None:
    code, said = mac.run("disk_image", mac.app, mac.folder / "out.dmg", BUSY="1")
    assert code == 0, said
    assert "How to open.txt" in mac.notes("in the image:")
    assert mac.notes("sleep") == ["0", "5", "15"]
    assert mac.notes("xcrun") == []


def test_an_unsigned_bundle_is_not_packed(mac: Mac) -> None:
    code, said = mac.run("disk_image", mac.app, mac.folder / "out.dmg", UNSIGNED="1")
    assert code != 0
    assert "Sign the bundle first" in said
    assert not (mac.folder / "out.dmg").exists()


def test_every_program_of_a_bundle_is_among_what_is_signed() -> None:
    programs = [PurePosixPath(line) for line in CONTENTS.read_text().splitlines() if "/" in line]
    assert len(programs) > 40
    for program in programs:
        in_framework = any(part.endswith(".framework") for part in program.parts)
        is_started = program.parent == PurePosixPath("Contents/MacOS")
        assert in_framework or is_started or program.suffix in {".so", ".dylib"}
