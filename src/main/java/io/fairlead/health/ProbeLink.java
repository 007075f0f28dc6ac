package io.fairlead.health;

import io.fairlead.service.Node;
import java.io.IOException;
import java.net.Socket;

/** How a probe speaks over a connection that it has made, in the time that this has. */
sealed interface ProbeLink {
  /** As it is. */
  ProbeLink CLEAR = new Clear();

  /** What will be asked. */
  enum Asks {
    HTTP_1_1,
    HTTP_2,
    /** Nothing at all. */
    ANYTHING
  }

  /** The connection to speak over. */
  Socket over(Socket connected, Asks asks) throws IOException;

  boolean isSecure();

  /** In the clear. */
  record Clear() implements ProbeLink {
    @Override
    public Socket over(Socket connected, Asks asks) {
      return connected;
    }

    @Override
    public boolean isSecure() {
      return false;
    }
  }

  /** By TLS; when the node's certificate expires is kept with the node. */
  record Secure(ProbeTls tls, Node node) implements ProbeLink {
    @Override
    public Socket over(Socket connected, Asks asks) throws IOException {
      return tls.over(connected, node.address(), asks, node::setCertificateEnd);
    }

    @Override
    public boolean isSecure() {
      return true;
    }
  }
}
