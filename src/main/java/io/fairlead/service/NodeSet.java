package io.fairlead.service;

import java.util.Arrays;
import java.util.function.Predicate;

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
    return new NodeSet(all, Arrays.copyOf(found, count));
  }

  /** Those of which it holds, in the same order. */
  public NodeSet only(Predicate<Node> wanted) {
    return new NodeSet(
        Arrays.stream(all).filter(wanted).toArray(Node[]::new),
        Arrays.stream(available).filter(wanted).toArray(Node[]::new));
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
