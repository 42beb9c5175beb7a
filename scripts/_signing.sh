# Sourced by sign and disk_image: the identity that signs, and Apple's notary. Works with bash 3.2.
#
# Secrets come from the environment and are never printed; all are optional:
#   MTP_MLX_CERTIFICATE           a Developer ID Application certificate with its key: .p12, in base64
#   MTP_MLX_CERTIFICATE_PASSWORD  its password
#   MTP_MLX_NOTARY_KEY            an App Store Connect key: the text of its .p8 file
#   MTP_MLX_NOTARY_KEY_ID         the key's ID
#   MTP_MLX_NOTARY_ISSUER         its issuer's ID
# Without a certificate everything is signed ad hoc, without a notary key nothing is notarised.

say() { printf '%s\n' "$*" >&2; }

fail() { say "scripts/$(basename "$0"): $*"; exit 1; }

[ "$(uname)" = Darwin ] || fail "This needs a Mac, for codesign."

folder="$(mktemp -d)"  # for secrets: only its owner reads it
keychain=""
identity="-"  # ad hoc

put_away() {
  [ -z "$keychain" ] || security delete-keychain "$keychain" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap put_away EXIT

is_ad_hoc() { [ "$identity" = - ]; }

# Opens the certificate in a keychain of its own, which ends with this script.
find_identity() {
  [ -n "${MTP_MLX_CERTIFICATE:-}" ] || return 0
  local secret certificate="$folder/certificate.p12"
  secret="$(uuidgen)"
  keychain="$folder/signing.keychain-db"
  (umask 077 && printf '%s' "$MTP_MLX_CERTIFICATE" | base64 --decode >"$certificate")
  security create-keychain -p "$secret" "$keychain"
  security set-keychain-settings -lut 7200 "$keychain"
  security unlock-keychain -p "$secret" "$keychain"
  # codesign looks for the certificate's issuers in all keychains of the list, this one first.
  security list-keychains -d user | sed 's/^ *"//; s/"$//' | tr '\n' '\0' |
    xargs -0 security list-keychains -d user -s "$keychain"
  security import "$certificate" -k "$keychain" -f pkcs12 -T /usr/bin/codesign \
    -P "${MTP_MLX_CERTIFICATE_PASSWORD:-}" >/dev/null || fail "The certificate cannot be opened."
  rm -f "$certificate"
  security set-key-partition-list -S apple-tool:,apple: -s -k "$secret" "$keychain" >/dev/null
  identity="$(security find-identity -v -p codesigning "$keychain" |
    sed -n 's/^ *1) \([0-9A-F]\{40\}\) .*/\1/p')"
  [ -n "$identity" ] || fail "The certificate has no identity that signs code."
}

# sign_all FILE...: with the hardened runtime and a timestamp. Ad hoc there is no team, whose
# libraries alone a hardened program may load.
sign_all() {
  if is_ad_hoc; then
    codesign --force --sign - --timestamp=none "$@"
  else
    codesign --force --sign "$identity" --keychain "$keychain" --options runtime --timestamp "$@"
  fi
}

may_notarise() { ! is_ad_hoc && [ -n "${MTP_MLX_NOTARY_KEY:-}" ]; }

# notarise FILE: has Apple look at a .zip or .dmg, and fails with its log where that finds fault.
notarise() {
  local key="$folder/notary.p8" answer="$folder/answer.plist" submission status
  (umask 077 && printf '%s\n' "$MTP_MLX_NOTARY_KEY" >"$key")
  xcrun notarytool submit "$1" --key "$key" --key-id "${MTP_MLX_NOTARY_KEY_ID:-}" \
    --issuer "${MTP_MLX_NOTARY_ISSUER:-}" --wait --output-format plist >"$answer" ||
    fail "Apple's notary took no $(basename "$1")."
  status="$(plutil -extract status raw "$answer")"
  submission="$(plutil -extract id raw "$answer")"
  if [ "$status" != Accepted ]; then
    xcrun notarytool log "$submission" --key "$key" --key-id "${MTP_MLX_NOTARY_KEY_ID:-}" \
      --issuer "${MTP_MLX_NOTARY_ISSUER:-}" >&2 || true
    fail "Apple's notary says $status of $(basename "$1")."
  fi
  rm -f "$key"
}
