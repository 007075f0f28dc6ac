import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A proxy to be measured: how its configuration is written and how it is started. */
sealed interface Peer permits FairleadProxy, HaproxyProxy, NginxProxy {
  String name();

  /** Port of the listener for HTTP/1.1 in the clear; the others follow at fixed distances. */
  int port();

  default int port(Row.Front front) {
    return switch (front) {
      case CLEAR -> port();
      case HTTP2 -> port() + 4;
      case TLS, TLS_RESUMED -> port() + 8;
      case GRPC -> port() + 12;
      case TCP -> port() + 16;
      case WEBSOCKET -> port() + 20;
      case UDP -> port() + 24;
    };
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
}
