#!/bin/sh
# An agent of busybox and curl. `once`: the question is on standard input, the answer on standard output. `loop`: one question after
# another from the metadata service. `daemon QUESTION`: asks, says what it heard, and stays.

# Of a JSON text: the string of this name.
string_of() {
  sed -n "s/.*\"$1\": *\"\(\([^\"\\\\]\|\\\\.\)*\)\".*/\1/p"
}

ask() {
  curl --silent --show-error --fail https://api.openai.com/v1/chat/completions \
    --header 'content-type: application/json' --header 'authorization: Bearer placeholder' \
    --data-binary "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}]}" | string_of content
}

plain() {
  sed 's/\\"/"/g'
}

case "$1" in
  once)
    question=$(string_of data)
    ask "$question" | plain
    ;;
  loop)
    while curl --silent --show-error --dump-header /tmp/head --output /tmp/event "$CLRK_METADATA_URL/event"; do
      run=$(sed -n 's/^x-clrk-invocation-id: *\([^[:space:]]*\).*/\1/p' /tmp/head)
      [ -n "$run" ] || continue
      ask "$(cat /tmp/event)" | plain >/tmp/answer
      curl --silent --show-error --header "x-clrk-invocation-id: $run" --header 'content-type: text/plain' \
        --data-binary @/tmp/answer "$CLRK_METADATA_URL/response"
    done
    ;;
  daemon)
    ask "Heard: $(ask "$2")"
    while true; do sleep 60; done
    ;;
esac
