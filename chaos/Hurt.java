import java.util.List;
import java.util.Locale;

/**
 * A way to hurt a node, and what it may cost. README.md says where the bounds come from.
 *
 * @param name in the table
 * @param kind of the node
 * @param how a control document for the node, or a signal
 * @param mostFailed requests that may fail
 * @param reaction seconds after which hardly anybody may feel it any more
 */
record Hurt(String name, Kind kind, String how, int mostFailed, double reaction) {
  static final List<Hurt> ALL =
      List.of(
          http("kill -9", "KILL", 0, 0.5),
          http("frozen (SIGSTOP)", "STOP", 5, 2),
          http("accepts no connection", "{\"hang-connect\":true,\"reset\":true}", 5, 2),
          http("never answers", "{\"hang\":true}", 5, 2),
          http("10 x slower", "{\"latency\":\"exp:100ms\"}", 0, 2),
          http("50 x slower", "{\"latency\":\"exp:500ms\"}", 0, 2),
          http("answers 500, all", "{\"error-rate\":1}", 10, 2),
          http("answers 500, one in five", "{\"error-rate\":0.2}", 12, 2),
          http("resets connections", "{\"reset\":true}", 0, 2),
          http("sends garbage", "{\"garbage\":true}", 10, 2),
          http("cuts bodies", "{\"cut\":true}", 10, 2),
          http("endless header", "{\"endless-header\":true}", 10, 2),
          http("a byte a second", "{\"slow-head\":1}", 5, 2),
          http("health check fails", "{\"health\":\"fail\"}", 0, 2),
          new Hurt("HTTP/2: kill -9", Kind.HTTP2, "KILL", 0, 0.5),
          new Hurt("HTTP/2: frozen (SIGSTOP)", Kind.HTTP2, "STOP", 5, 2),
          new Hurt("relayed: kill -9", Kind.TCP, "KILL", 5, 0.5),
          new Hurt("relayed: frozen (SIGSTOP)", Kind.TCP, "STOP", 15, 3));

  private static Hurt http(String name, String how, int mostFailed, double reaction) {
    return new Hurt(name, Kind.HTTP1, how, mostFailed, reaction);
  }

  /** It has the word in its name, unless the word is the whole name of another one. */
  boolean isMeantBy(String word) {
    return name.equals(word)
        || (name.contains(word) && ALL.stream().noneMatch(hurt -> hurt.name.equals(word)));
  }

  /** The name as that of a file. */
  String fileName() {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }
}
