/**
 * What a node is. Each kind has a listener and a service of its own, and six nodes.
 *
 * <p>Relayed connections carry one request each, so that "the node answers" means the same
 * everywhere: the connection was led to a node, and an answer came back over it.
 */
enum Kind {
  /** Test nodes, which speak HTTP/1.1. */
  HTTP1("shop", 21_400, 21_420, "", ""),

  /**
   * nghttpd, without TLS; six processes that tell their names in the body. They answer in a fraction
   * of a millisecond, where the default balancer was seen to send nine in ten requests to one of
   * them: hurting another shows nothing.
   */
  HTTP2("calls", 21_430, 21_440, "protocol: h2, balance: least-requests, ", ""),

  /** Test nodes again, behind a listener that relays connections without looking into them. */
  TCP("relayed", 21_400, 21_441, "", "protocol: tcp, ");

  /** Nodes of each kind. */
  static final int NODES = 6;

  final String service;
  final int front;
  private final int firstNode;
  private final String ofService;
  private final String ofListener;

  Kind(String service, int firstNode, int front, String ofService, String ofListener) {
    this.service = service;
    this.firstNode = firstNode;
    this.front = front;
    this.ofService = ofService;
    this.ofListener = ofListener;
  }

  int port(int node) {
    return firstNode + node;
  }

  boolean isRelayed() {
    return this == TCP;
  }

  /** Everything that is said of the listener. */
  String listener() {
    String leads =
        isRelayed()
            ? "service: " + service
            : "routes: [ { service: %s, timeout: 10s } ]".formatted(service);
    return "{ bind: \"127.0.0.1:%d\", %s%s }".formatted(front, ofListener, leads);
  }

  /** Everything that is said of the service. */
  String service() {
    StringBuilder nodes = new StringBuilder();
    for (int i = 0; i < NODES; i++) {
      nodes.append(
          "%s{ address: \"127.0.0.1:%d\", name: n%d }".formatted(i == 0 ? "" : ", ", port(i), i));
    }
    return "{ %shealth: { http: /healthz }, nodes: [%s] }".formatted(ofService, nodes);
  }
}
