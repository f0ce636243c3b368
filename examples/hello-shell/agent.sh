#!/bin/sh
# The hello agent in shell: nothing in the sandbox but busybox and curl. The event comes on stdin, the answer goes to
# stdout; the key is a placeholder that the gateway replaces.
set -eu

# The event's text, still escaped as JSON, so it can go into the request as it is.
prompt=$(tr -d '\n' | sed -n 's/.*"data":"\(\([^"\\]\|\\.\)*\)".*/\1/p')

answer=$(
  printf '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"%s"}]}' "${prompt:-Say hello.}" |
    curl --silent --show-error --fail --max-time 60 https://api.openai.com/v1/chat/completions \
      --header 'Authorization: Bearer placeholder' \
      --header 'Content-Type: application/json' \
      --data-binary @-
)

printf '%s' "$answer" | tr -d '\n' |
  sed -n 's/.*"content": *"\(\([^"\\]\|\\.\)*\)".*/\1/p' |
  sed 's/\\n/ /g; s/\\\(["\\/]\)/\1/g'

echo
