// An agent of Go's standard library. `once`: the question is on standard input, the answer on standard output. `loop`: one question
// after another from the metadata service. `daemon QUESTION`: asks, says what it heard, and stays.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

const invocationID = "x-clrk-invocation-id"

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// The body of an answer that is a success.
func read(response *http.Response, err error) ([]byte, http.Header) {
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		log.Fatal(response.Status, err, string(body))
	}
	return body, response.Header
}

func post(url string, headers map[string]string, body []byte) []byte {
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, _ := read(http.DefaultClient.Do(request))
	return answer
}

func ask(question string) string {
	body, _ := json.Marshal(map[string]any{"model": "gpt-4o-mini", "messages": []message{{"user", question}}})
	headers := map[string]string{"content-type": "application/json", "authorization": "Bearer placeholder"}
	var completion struct {
		Choices []struct{ Message message }
	}
	if err := json.Unmarshal(post("https://api.openai.com/v1/chat/completions", headers, body), &completion); err != nil {
		log.Fatal(err)
	}
	return completion.Choices[0].Message.Content
}

func loop(metadata string) {
	for {
		question, header := read(http.Get(metadata + "/event"))
		run := header.Get(invocationID)
		if run == "" {
			continue
		}
		headers := map[string]string{invocationID: run, "content-type": "text/plain"}
		post(metadata+"/response", headers, []byte(ask(string(question))))
	}
}

func main() {
	switch os.Args[1] {
	case "once":
		var event struct{ Data string }
		if err := json.NewDecoder(os.Stdin).Decode(&event); err != nil {
			log.Fatal(err)
		}
		fmt.Println(ask(event.Data))
	case "loop":
		loop(os.Getenv("CLRK_METADATA_URL"))
	case "daemon":
		ask("Heard: " + ask(os.Args[2]))
		select {}
	}
}
