package io.fairlead.scaling;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import io.fairlead.trust.OutboundHttp;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks agents, each question within its time, and understands what they say. */
final class AgentClient {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int MOST_BODY = 4 * 1024 * 1024;
  private static final int MOST_WORDS = 300;
  private static final Executor WAITING = task -> Thread.ofVirtual().name("agents").start(task);

  /** An answer. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes it
  record Reply(int status, byte[] body) {
    boolean ok() {
      return status >= 200 && status < 300;
    }

    /** Why not. */
    String words() {
      try {
        String why = MAPPER.readTree(body).path("why").asString("");
        if (!why.isEmpty()) {
          return clean(why);
        }
      } catch (JacksonException e) {
        // Somebody else answers there.
      }
      return "answers with status " + status;
    }
  }

  /**
   * A node at an agent.
   *
   * @param started as a driver has it
   * @param state running, ending, ended
   */
  record Seen(
      Started started,
      String version,
      String state,
      boolean draining,
      String words,
      long outputBytes) {
    boolean hasEnded() {
      return state.equals("ended");
    }
  }

  /**
   * What an agent says of one service.
   *
   * @param most nodes that it may run, of all owners
   * @param runs nodes that it runs, of all owners
   * @param note what is not as its file wants it
   */
  record Survey(HostFigures host, int most, int runs, String note, List<Seen> nodes) {}

  private final HttpClient http;
  private final String authorization;

  /**
   * For that configuration.
   *
   * @throws IOException naming the file of TLS that cannot be used
   */
  AgentClient(ScaleDriver.Agents config) throws IOException {
    http = OutboundHttp.client(config.tls(), WAITING);
    authorization = config.token().value().isEmpty() ? "" : "Bearer " + config.token().value();
  }

  /**
   * Asks.
   *
   * @param patience for all of it, also where an answer begins and does not end
   * @throws IOException in words, if there is no answer
   */
  Reply call(String method, String url, long term, Duration patience) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(patience)
            .header(AgentDoor.TERM, Long.toString(term));
    if (!authorization.isEmpty()) {
      request.header("authorization", authorization);
    }
    CompletableFuture<HttpResponse<byte[]>> asked =
        http.sendAsync(
            request.build(), BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_BODY));
    try {
      HttpResponse<byte[]> answer = asked.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return new Reply(answer.statusCode(), answer.body());
    } catch (TimeoutException e) {
      asked.cancel(true);
      throw new IOException("no answer within " + patience.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof java.net.http.HttpTimeoutException
          && !(cause instanceof java.net.http.HttpConnectTimeoutException)) {
        throw new IOException("no answer within " + patience.toSeconds() + " s", e);
      }
      throw new IOException(clean(OutboundHttp.why(cause == null ? e : cause)), e);
    } catch (InterruptedException e) {
      asked.cancel(true);
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Lets go of connections once what goes on there is over. */
  void close() {
    http.shutdown();
  }

  /**
   * Understands what an agent says of a service.
   *
   * @param zone where its nodes stand
   * @param agent its name, for people
   * @throws IOException if it is nothing that an agent says
   */
  static Survey survey(Reply reply, String agent, String zone) throws IOException {
    if (!reply.ok()) {
      throw new IOException(
          reply.status() == 401 ? "it does not take our token (401)" : reply.words());
    }
    try {
      JsonNode all = MAPPER.readTree(reply.body());
      JsonNode list = all.path("nodes");
      if (!list.isArray() || !all.path("most").isIntegralNumber()) {
        throw garbage(null);
      }
      List<Seen> nodes = new ArrayList<>();
      for (JsonNode one : list) {
        nodes.add(seen(one, agent, zone));
      }
      JsonNode host = all.path("host");
      return new Survey(
          new HostFigures(
              host.path("cores").asInt(0),
              host.path("load").asDouble(-1),
              host.path("memory").asLong(-1),
              host.path("memoryFree").asLong(-1),
              host.path("disk").asLong(-1),
              host.path("diskFree").asLong(-1)),
          all.path("most").asInt(0),
          all.path("runs").asInt(0),
          clean(all.path("note").asString("")),
          nodes);
    } catch (RuntimeException e) {
      throw garbage(e);
    }
  }

  /** The node of which the answer to an order tells. */
  static Seen node(Reply reply, String agent, String zone) throws IOException {
    try {
      return seen(MAPPER.readTree(reply.body()), agent, zone);
    } catch (RuntimeException e) {
      throw garbage(e);
    }
  }

  private static Seen seen(JsonNode one, String agent, String zone) throws IOException {
    String name = one.path("name").asString("");
    HostPort address = HostPort.parse(one.path("address").asString(""));
    if (!Agent.isNode(name) || address.port() == 0) {
      throw garbage(null);
    }
    return new Seen(
        new Started(name, address, clean(one.path("id").asString("")) + " at " + agent, zone),
        one.path("version").asString(""),
        one.path("state").asString("running"),
        one.path("draining").asBoolean(false),
        clean(one.path("words").asString("")),
        one.path("outputBytes").asLong(0));
  }

  private static IOException garbage(@Nullable Throwable cause) {
    return new IOException("what it answers is nothing that an agent says", cause);
  }

  private static String clean(String text) {
    String words = text.replaceAll("\\p{Cntrl}", " ");
    return words.substring(0, Math.min(MOST_WORDS, words.length()));
  }
}
