package io.fairlead.admin;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Speaks HTTP: finds the endpoint, lets the gate decide, sends the answer, bounds everything. */
final class Door implements HttpHandler {
  /** Bytes of a body; a configuration with 10,000 nodes and routes has about two million. */
  static final int MAX_BODY = 16 * 1024 * 1024;

  /** Requests answered at the same time; more get a 503. */
  static final int MAX_REQUESTS = 64;

  /** Streams open at the same time; more get a 503, and the page then polls. */
  static final int MAX_STREAMS = 64;

  /** How long an answer may take, the reader's share included. */
  static final int ANSWER_SECONDS = 60;

  private static final List<String> CONDITIONS = List.of("if-match", "if-none-match");
  private static final System.Logger LOG = System.getLogger(Door.class.getName());

  private final Recognition recognition;
  private final Gate gate;
  private final @Nullable AdminSignIn signIn;
  private final @Nullable SignInPages pages;
  private final List<Endpoint> endpoints;
  private final DashboardFiles files;
  private final Semaphore requests = new Semaphore(MAX_REQUESTS);
  private final Semaphore streams = new Semaphore(MAX_STREAMS);
  private final Map<Thread, Long> busySince = new ConcurrentHashMap<>();

  /**
   * @param signIn null: nobody signs in
   * @param pages where they do
   */
  Door(
      Recognition recognition,
      Gate gate,
      @Nullable AdminSignIn signIn,
      @Nullable SignInPages pages,
      List<Endpoint> endpoints,
      DashboardFiles files) {
    this.recognition = recognition;
    this.gate = gate;
    this.signIn = signIn;
    this.pages = pages;
    this.endpoints = endpoints;
    this.files = files;
  }

  /** Ends answers that nobody takes; called now and then. */
  void endStuckAnswers(long nowNanos) {
    busySince.forEach((thread, since) -> {
      if (nowNanos - since > ANSWER_SECONDS * 1_000_000_000L) {
        thread.interrupt();
      }
    });
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer = bounded(exchange);
      if (answer instanceof Answer.Events events) {
        follow(exchange, events);
      }
    }
  }

  /** Answers, unless the answer is a stream, which is then given back to be followed. */
  private @Nullable Answer bounded(HttpExchange exchange) throws IOException {
    if (!requests.tryAcquire()) {
      send(exchange, busy("There are " + MAX_REQUESTS + " requests at once already."));
      return null;
    }
    busySince.put(Thread.currentThread(), System.nanoTime());
    try {
      Answer answer = answer(exchange);
      if (answer instanceof Answer.Events && !exchange.getRequestMethod().equals("HEAD")) {
        return answer;
      }
      send(exchange, answer);
      return null;
    } finally {
      busySince.remove(Thread.currentThread());
      requests.release();
    }
  }

  private void follow(HttpExchange exchange, Answer.Events events) throws IOException {
    if (!streams.tryAcquire()) {
      send(exchange, busy("There are " + MAX_STREAMS + " streams already; ask without one."));
      return;
    }
    try {
      fields(exchange, events);
      exchange.sendResponseHeaders(200, 0);
      run(events.stream(), events.person(), exchange.getResponseBody());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a stream ended: {0}", e.getMessage());
    } finally {
      streams.release();
    }
  }

  /** A stream of somebody who has signed in ends with the session. */
  private void run(EventStream stream, Caller.@Nullable Person person, OutputStream out)
      throws IOException {
    if (signIn == null || person == null) {
      stream.run(out);
      return;
    }
    signIn.opened(stream, person);
    try {
      stream.run(out, signIn.left(person));
    } finally {
      signIn.closed(stream);
    }
  }

  private Answer answer(HttpExchange exchange) throws IOException {
    try {
      return dispatch(exchange);
    } catch (Refusal refusal) {
      return refusal.answer();
    } catch (RuntimeException e) {
      // Without the query, which may have a code in it.
      LOG.log(Level.ERROR, "the admin door failed at " + exchange.getRequestURI().getPath(), e);
      return Answer.problem(
          Problem.of(500, "A mistake of Fairlead's own; its log has the details."));
    }
  }

  private Answer dispatch(HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    String asGet = method.equals("HEAD") ? "GET" : method;
    String path = exchange.getRequestURI().getRawPath();
    Answer file = path == null ? null : files.find(path, field(exchange, "accept-encoding"));
    if (file != null) {
      gate.admitPage(field(exchange, "host"));
      return asGet.equals("GET") ? file : wrongMethod(Set.of("GET", "HEAD"));
    }
    if (pages != null && path != null && SignInPages.has(path)) {
      return pages.answer(
          path,
          method,
          exchange.getRequestURI().getRawQuery(),
          fieldsOf(exchange),
          remote(exchange));
    }
    if (path == null || !path.startsWith("/")) {
      throw Refusal.of(400, "The path must begin with a slash.");
    }
    List<String> segments = List.of(path.substring(1).split("/", -1));
    Set<String> allowed = new TreeSet<>();
    for (Endpoint endpoint : endpoints) {
      Map<String, String> values = endpoint.match(segments);
      if (values != null) {
        if (endpoint.method().equals(asGet)) {
          return handle(exchange, endpoint, values);
        }
        allowed.add(endpoint.method());
        if (endpoint.method().equals("GET")) {
          allowed.add("HEAD");
        }
      }
    }
    if (!allowed.isEmpty()) {
      return wrongMethod(allowed);
    }
    throw Refusal.notFound(
        "There is nothing at " + path + ".", endpoints.stream().map(Endpoint::path).toList(), path);
  }

  private Answer handle(HttpExchange exchange, Endpoint endpoint, Map<String, String> values)
      throws IOException {
    Caller caller = recognition.of(fieldsOf(exchange), remote(exchange));
    gate.admit(caller, endpoint, exchange.getRequestMethod(), fieldsOf(exchange));
    String accept = field(exchange, "accept");
    byte[] body = endpoint.changes() ? body(exchange) : new byte[0];
    Map<String, String> fields = new HashMap<>();
    for (String name : CONDITIONS) {
      String value = field(exchange, name);
      if (value != null) {
        fields.put(name, value);
      }
    }
    Answer answer =
        endpoint
            .handler()
            .handle(
                new Call(
                    values,
                    Call.parseQuery(exchange.getRequestURI().getRawQuery()),
                    accept == null ? "" : accept.toLowerCase(Locale.ROOT),
                    new String(body, StandardCharsets.UTF_8),
                    ByteBuffer.wrap(body),
                    fields,
                    caller));
    return answer instanceof Answer.Events(EventStream stream, _)
            && caller instanceof Caller.Person person
        ? new Answer.Events(stream, person)
        : answer;
  }

  private static byte[] body(HttpExchange exchange) throws IOException {
    String announced = field(exchange, "content-length"); // a number: the server has checked it
    byte[] body =
        announced != null && Long.parseLong(announced) > MAX_BODY
            ? null
            : exchange.getRequestBody().readNBytes(MAX_BODY + 1);
    if (body == null || body.length > MAX_BODY) {
      throw Refusal.of(413, "A body may have at most " + MAX_BODY + " bytes.");
    }
    return body;
  }

  static Answer wrongMethod(Set<String> allowed) {
    String list = String.join(", ", new TreeSet<>(allowed));
    return Answer.problem(
        Problem.of(405, "This can be asked for by " + list + "."), Map.of("Allow", list));
  }

  private static Answer busy(String detail) {
    return Answer.problem(Problem.of(503, detail), Map.of("Retry-After", "1"));
  }

  private static void send(HttpExchange exchange, Answer answer) throws IOException {
    fields(exchange, answer);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    switch (answer) {
      case Answer.Whole whole -> send(exchange, whole, head);
      case Answer.WithCookies(Answer.Whole whole, _) -> send(exchange, whole, head);
      case Answer.Pieces(int status, _, _, Answer.Writer writer) -> {
        exchange.sendResponseHeaders(status, head ? -1 : 0);
        if (!head) {
          try (OutputStream out = exchange.getResponseBody()) {
            writer.writeTo(out);
          }
        }
      }
      case Answer.Events _ -> exchange.sendResponseHeaders(200, -1);
    }
  }

  private static void send(HttpExchange exchange, Answer.Whole whole, boolean head)
      throws IOException {
    byte[] body = whole.body();
    if (whole.status() >= 400) {
      // What is left of a body that was not wanted is not read: the connection ends.
      exchange.getResponseHeaders().set("Connection", "close");
    }
    if (head) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
    }
    exchange.sendResponseHeaders(whole.status(), head || body.length == 0 ? -1 : body.length);
    if (!head && body.length > 0) {
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  private static void fields(HttpExchange exchange, Answer answer) {
    Headers headers = exchange.getResponseHeaders();
    headers.set("X-Frame-Options", "DENY");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set("Content-Type", answer.contentType());
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Cache-Control", "no-store");
    answer.fields().forEach(headers::set);
    if (answer instanceof Answer.WithCookies(_, List<String> cookies)) {
      cookies.forEach(cookie -> headers.add("Set-Cookie", cookie));
    }
  }

  private static Gate.Fields fieldsOf(HttpExchange exchange) {
    return name -> exchange.getRequestHeaders().getOrDefault(name, List.of());
  }

  private static String remote(HttpExchange exchange) {
    return exchange.getRemoteAddress().getAddress().getHostAddress();
  }

  private static @Nullable String field(HttpExchange exchange, String name) {
    return exchange.getRequestHeaders().getFirst(name);
  }
}
