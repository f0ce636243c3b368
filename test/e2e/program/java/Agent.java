import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An agent of Java's own HTTP client. {@code once}: the question is on standard input, the answer on standard output. {@code loop}: one
 * question after another from the metadata service. {@code daemon QUESTION}: asks, says what it heard, and stays.
 */
public final class Agent {
  private static final String INVOCATION_ID = "x-clrk-invocation-id";
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() >= 300) throw new IOException(response.statusCode() + " " + response.body());
    return response;
  }

  /** Of a JSON text: the string of this name, as it stands there. */
  private static String stringOf(String name, String json) {
    Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
    if (!found.find()) throw new IllegalArgumentException("no " + name + " in " + json);
    return found.group(1);
  }

  private static String ask(String question) throws IOException, InterruptedException {
    String body =
        "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"" + question + "\"}]}";
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://api.openai.com/v1/chat/completions"))
            .header("content-type", "application/json")
            .header("authorization", "Bearer placeholder")
            .POST(HttpRequest.BodyPublishers.ofString(body));
    return stringOf("content", send(request).body());
  }

  private static String plain(String answer) {
    return answer.replace("\\\"", "\"");
  }

  private static void loop(String metadata) throws IOException, InterruptedException {
    while (true) {
      HttpResponse<String> event = send(HttpRequest.newBuilder(URI.create(metadata + "/event")));
      String run = event.headers().firstValue(INVOCATION_ID).orElse(null);
      if (run == null) continue;
      HttpRequest.Builder answer =
          HttpRequest.newBuilder(URI.create(metadata + "/response"))
              .header(INVOCATION_ID, run)
              .header("content-type", "text/plain")
              .POST(HttpRequest.BodyPublishers.ofString(plain(ask(event.body()))));
      send(answer);
    }
  }

  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "once":
        String event = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        System.out.println(plain(ask(stringOf("data", event))));
        break;
      case "loop":
        loop(System.getenv("CLRK_METADATA_URL"));
        break;
      case "daemon":
        ask("Heard: " + ask(arguments[1]));
        Thread.currentThread().join();
        break;
      default:
        throw new IllegalArgumentException(arguments[0]);
    }
  }
}
