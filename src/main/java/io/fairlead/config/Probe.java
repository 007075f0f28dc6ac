package io.fairlead.config;

import java.util.List;

/** What a health check asks a node. */
public sealed interface Probe {
  /** A connection that is accepted. */
  record Tcp() implements Probe {}

  /**
   * A GET that is answered with a wanted status.
   *
   * @param path what is asked for, starting with a slash
   * @param host value of the Host field; empty: the node's address
   * @param expect status codes that pass
   */
  record Http(String path, String host, StatusRange expect) implements Probe {
    public Http {
      Require require = new Require().unless(Syntax.probePath(path), List.of("http"), path);
      if (!host.isEmpty()) {
        require.unless(Syntax.probeHost(host), List.of("host"), host);
      }
      require.orRefuse();
    }
  }

  /**
   * A call of {@code grpc.health.v1.Health/Check} that is answered with SERVING.
   *
   * @param service whose health is asked for; empty: the server's as a whole
   */
  record Grpc(String service) implements Probe {
    public Grpc {
      if (!service.isEmpty() && !service.matches("[A-Za-z_][A-Za-z0-9_.]{0,254}")) {
        throw Require.refusal("must be the name of a gRPC service such as shop.Orders, or true");
      }
    }
  }

  /** No probe: a node counts as up until a connection to it fails, and again after a pause. */
  record None() implements Probe {}

  /**
   * Status codes from one to another, both included.
   *
   * @param from 100 to 599
   * @param to from to 599
   */
  record StatusRange(int from, int to) {
    public StatusRange {
      if (from < 100 || to > 599 || from > to) {
        throw Require.refusal("must be a status or a range of them within 100-599");
      }
    }

    /** Reads {@code 200} or {@code 200-399}. */
    static StatusRange parse(String text) {
      if (!text.matches("[0-9]{3}(-[0-9]{3})?")) {
        throw Require.refusal("must be a status such as 200 or a range such as 200-399");
      }
      return new StatusRange(
          Integer.parseInt(text.substring(0, 3)),
          Integer.parseInt(text.substring(text.length() - 3)));
    }

    public boolean contains(int status) {
      return status >= from && status <= to;
    }

    @Override
    public String toString() {
      return from == to ? Integer.toString(from) : from + "-" + to;
    }
  }
}
