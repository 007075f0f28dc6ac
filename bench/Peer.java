import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A proxy to be measured: how its configuration is written and how it is started. */
sealed interface Peer
    permits FairleadProxy, Unrecorded, HaproxyProxy, NginxProxy, CaddyProxy, ByHttp2 {
  /** No line of an access log is shorter, in bytes. */
  int SHORTEST_LINE = 64;

  String name();

  /** Port of the listener for HTTP/1.1 in the clear; the others follow at fixed distances. */
  int port();

  default int port(Row.Front front) {
    return switch (front) {
      case CLEAR -> port();
      case HTTP2 -> port() + 4;
      case TLS, TLS_RESUMED, HTTP2_TLS -> port() + 8;
      case GRPC -> port() + 12;
      case TCP -> port() + 16;
      case WEBSOCKET -> port() + 20;
      case UDP -> port() + 24;
      case LOGGED -> port() + 28;
      case HTTP3 -> port() + 32;
    };
  }

  /** What it is asked by in a row of that kind. */
  default Row.Front asked(Row.Front front) {
    return front;
  }

  /** Whether it has what the row needs. */
  boolean speaks(Row.Front front);

  /**
   * Writes the configuration and returns the command that runs the proxy in the foreground.
   *
   * @param work directory for generated files
   * @param nodes says where the nodes are
   */
  List<String> prepare(Path work, Nodes nodes) throws IOException;

  /** Whose process serves what this one is asked. */
  default Peer started() {
    return this;
  }

  /** Before it is loaded in a row of that kind, for what is no matter of ports. */
  default void ready(Path work, Row.Front front) throws IOException, InterruptedException {}

  /** What its log lacks after so many further requests, given its size before; empty: nothing. */
  default String logProblem(Path work, long sizeBefore, double requests)
      throws IOException, InterruptedException {
    boolean whole = logSize(work) - sizeBefore >= requests * SHORTEST_LINE;
    return whole ? "" : "not every request was logged";
  }

  default long logSize(Path work) throws IOException {
    Path log = log(work);
    return Files.exists(log) ? Files.size(log) : 0;
  }

  default Path log(Path work) {
    return work.resolve(name() + "-access.log");
  }
}
