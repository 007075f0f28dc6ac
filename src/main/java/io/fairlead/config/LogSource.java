package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;

/** Where lines of the nodes' own logs come from. */
public sealed interface LogSource {
  /** Sources there may be. */
  int MOST = 100;

  /** Whose lines these are; empty: what they say of themselves, or not known. */
  String service();

  /** Which node of the service wrote them; empty: what they say of themselves, or not known. */
  String node();

  /** How a line says when it was written and how bad it is. */
  enum Format {
    /** As text. */
    PLAIN,
    /** As an object of JSON. */
    JSON
  }

  /**
   * Files that are written to.
   *
   * @param file its name may have {@code *} and {@code ?} in its last part, for many
   */
  record File(Path file, Format format, String service, String node) implements LogSource {}

  /**
   * Messages of syslog, RFC 3164 or RFC 5424.
   *
   * @param datagrams over UDP, else over TCP
   */
  record Syslog(boolean datagrams, HostPort bind, String service, String node)
      implements LogSource {
    static Syslog parse(String text) {
      boolean datagrams = text.startsWith("udp://");
      if (!datagrams && !text.startsWith("tcp://")) {
        throw Require.refusal("must be udp://HOST:PORT or tcp://HOST:PORT");
      }
      return new Syslog(datagrams, HostPort.parse(text.substring("udp://".length())), "", "");
    }
  }

  /**
   * Logs of OpenTelemetry, over HTTP.
   *
   * @param bind where {@code /v1/logs} is
   */
  record Otlp(HostPort bind, String service, String node) implements LogSource {}

  /** Refuses a path in which what stands for many is not in the last part. */
  static Path pattern(Path path) {
    Path parent = path.getParent();
    if (parent != null && parent.toString().matches(".*[*?].*")) {
      throw Require.refusal("may have * and ? in its last part only");
    }
    return path;
  }

  /** The one of them that is set. */
  static LogSource one(List<LogSource> set) {
    if (set.size() != 1) {
      throw Require.refusal("needs one of file, syslog and otlp");
    }
    return set.getFirst();
  }
}
