package io.fairlead.service;

/**
 * The nodes of a service at one moment. Never changed after it has been published; the arrays are
 * handed out uncopied because event loops read them for every request, and nobody may write them.
 */
public final class NodeSet {
  /** No nodes at all. */
  public static final NodeSet EMPTY = new NodeSet(new Node[0], new Node[0]);

  private final Node[] all;
  private final Node[] available;

  private NodeSet(Node[] all, Node[] available) {
    this.all = all;
    this.available = available;
  }

  /** Takes the availability of each node as it is now. */
  static NodeSet of(Node[] all) {
    Node[] found = new Node[all.length];
    int count = 0;
    for (Node node : all) {
      if (node.isAvailable()) {
        found[count++] = node;
      }
    }
    return new NodeSet(all, java.util.Arrays.copyOf(found, count));
  }

  /** Every member, in the order they were named. */
  public Node[] all() {
    return all;
  }

  /** The members that may get new requests. */
  public Node[] available() {
    return available;
  }
}
