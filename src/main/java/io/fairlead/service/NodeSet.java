package io.fairlead.service;

/**
 * The nodes of a service at one moment; never changed after it has been published.
 *
 * @param all every member, in the order they were named
 * @param available those that may get new requests
 */
public record NodeSet(Node[] all, Node[] available) {
  static final NodeSet EMPTY = new NodeSet(new Node[0], new Node[0]);

  static NodeSet of(Node[] all) {
    int count = 0;
    for (Node node : all) {
      count += node.isAvailable() ? 1 : 0;
    }
    Node[] available = new Node[count];
    int next = 0;
    for (Node node : all) {
      if (next < count && node.isAvailable()) {
        available[next++] = node;
      }
    }
    return new NodeSet(all, available);
  }
}
