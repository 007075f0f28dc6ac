package io.fairlead.proxy.http;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One case of the corpus: what the client and the node send, and what each must get.
 *
 * @param place file and line, for messages
 * @param name unique within the corpus
 * @param why the rule that the case holds the proxy to
 * @param clientSends the steps of the client, in order
 * @param answers what the node answers to the first, second … request; {@link Answer#OK} beyond
 * @param node what may reach the node
 * @param nodeGets the requests that must reach the node, in order
 * @param nodeConnection what must become of the connection to the node
 * @param clientGets the responses made by the node as the client must get them, in order
 * @param outcomes what the client may see; one of them must hold
 */
record CorpusCase(
    String place,
    String name,
    String why,
    List<Step> clientSends,
    List<Answer> answers,
    NodeRule node,
    List<Expected> nodeGets,
    NodeConnection nodeConnection,
    List<Expected> clientGets,
    List<Outcome> outcomes) {

  CorpusCase {
    must(!why.isBlank(), place, "needs a line that says why");
    must(!clientSends.isEmpty(), place, "sends nothing");
    must(!outcomes.isEmpty(), place, "needs a client: line");
    must(
        (node == NodeRule.EXACT) == !nodeGets.isEmpty() || node == NodeRule.INCOMPLETE,
        place,
        "needs either the requests that the node gets or node: nothing|incomplete");
    must(
        answers.isEmpty() || !clientGets.isEmpty() || outcomes.stream().allMatch(Outcome::isOurs),
        place,
        "has an answer of the node but does not say how the client gets it");
  }

  private static void must(boolean holds, String place, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(place + ": " + otherwise);
    }
  }

  /** Whether the case shows something that must work, judged exactly at both sides. */
  boolean isPositiveControl() {
    return node == NodeRule.EXACT
        && outcomes.stream()
            .allMatch(o -> o.ending() != Ending.CUT && o.items().stream().noneMatch(Item::isOurs));
  }

  /** Everything both sides send; two cases must not agree in it. */
  List<Object> stimulus() {
    return List.of(clientSends, answers);
  }

  boolean clientClosesItsSide() {
    return clientSends.contains(new Step.HalfClose());
  }

  /** Whether the response with this number (from 0, informational ones not counted) has no body. */
  boolean answersHead(int response) {
    if (response < nodeGets.size()) {
      return nodeGets.get(response).start().startsWith("HEAD ");
    }
    return response == 0
        && clientSends.getFirst() instanceof Step.Send(String bytes)
        && bytes.startsWith("HEAD ");
  }

  @Override
  public String toString() {
    return name;
  }

  /** Something the client does. */
  sealed interface Step {

    /** Sends these bytes. */
    record Send(String bytes) implements Step {}

    /** Waits until one more response, informational ones included, has arrived. */
    record Await() implements Step {}

    /** Closes its sending side. */
    record HalfClose() implements Step {}
  }

  /**
   * How the node answers one request.
   *
   * @param bytes what it sends
   * @param start when it starts
   * @param then what it does with the connection afterwards
   */
  record Answer(String bytes, Start start, Then then) {

    /** The answer of a node whose answer is of no concern. */
    static final Answer OK =
        new Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Start.AFTER_BODY, Then.KEEP);

    /** When a node starts to answer. */
    enum Start {
      /** When it has the whole request. */
      AFTER_BODY,
      /** As soon as it has the head. */
      EARLY,
      /** When it has the whole request, but it asks for the body with 100 Continue first. */
      CONTINUE
    }

    /** What a node does after its answer. */
    enum Then {
      KEEP,
      CLOSE,
      RESET
    }
  }

  /** What may reach the node. */
  enum NodeRule {
    /** The requests that are listed and nothing else. */
    EXACT,
    /** Not one byte. */
    NOTHING,
    /** After the requests that are listed one that lacks its end, or none. */
    INCOMPLETE
  }

  /** What must become of the connection to the node. */
  enum NodeConnection {
    ANY,
    /** The proxy closes it by itself. */
    CLOSED,
    /** The next request on the same client connection comes over it. */
    REUSED
  }

  /**
   * A message as one side must get it; the fields that Fairlead adds to every message are implied.
   */
  record Expected(String start, List<Field> fields, String body, List<Field> trailers) {

    /** What the client gets when the node said {@link Answer#OK}. */
    static final Expected OK =
        new Expected("HTTP/1.1 200 OK", List.of(new Field("Content-Length", "2")), "ok", List.of());

    int status() {
      return Integer.parseInt(start.substring(9, 12));
    }
  }

  /**
   * One way in which it may end for the client.
   *
   * @param items the responses in order
   */
  record Outcome(List<Item> items, Ending ending) {

    /** Whether no response of a node is part of it. */
    boolean isOurs() {
      return items.stream().allMatch(item -> item.isOurs() || item.repeated());
    }
  }

  /**
   * One response.
   *
   * @param reasons the values of {@code fairlead-error} that are right when Fairlead made the
   *     response; null when the node made it
   * @param repeated whether there may be any number of it, also none
   */
  record Item(int status, @Nullable Set<String> reasons, boolean repeated) {

    boolean isOurs() {
      return reasons != null;
    }

    boolean isFinal() {
      return status >= 200 || status == 101;
    }
  }

  /** What must become of the client's connection after the last response. */
  enum Ending {
    /** It serves a further request. */
    KEEP,
    /** It is closed, and the last response said so. */
    CLOSE,
    /** Whichever of the two the last response said. */
    EITHER,
    /** It is closed before the last response is complete. */
    CUT,
    /** Both ways are relayed without a look at them. */
    TUNNEL
  }
}
