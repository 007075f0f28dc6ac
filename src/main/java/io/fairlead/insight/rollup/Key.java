package io.fairlead.insight.rollup;

/**
 * What requests are counted by. A name is empty where there was none: no route matched, no node was
 * picked.
 *
 * @param status first digit of the status; 0: a session, which has none
 */
record Key(String listener, String route, String service, String node, int status) {
  /** Stands for all names when there are too many. */
  static final String OTHER = "(other)";

  static Key other(int status) {
    return new Key(OTHER, OTHER, OTHER, OTHER, status);
  }

  /** The first digit of a status, from 1 to 5; 0: there is none. */
  static int statusClass(int status) {
    return Math.min(status / 100, 5);
  }

  String value(Dimension dimension) {
    return switch (dimension) {
      case LISTENER -> listener;
      case ROUTE -> route;
      case SERVICE -> service;
      case NODE -> node;
      case STATUS -> status == 0 ? "" : status + "xx";
    };
  }
}
