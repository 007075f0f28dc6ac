package io.fairlead.proxy.http;

import io.fairlead.service.Node;
import java.util.concurrent.TimeUnit;

/** What the head of an answer says about the node that gave it. */
final class NodeAnswer {
  /** A node cannot ask to be left alone for longer. */
  private static final long MAX_BUSY_SECONDS = 60;

  private static final byte[] RETRY_AFTER = Ascii.bytes("retry-after");

  private NodeAnswer() {}

  /**
   * Learns what there is to learn before the answer is edited for the client.
   *
   * @return whether it counts against the node
   */
  static boolean read(Head answer, Node node, ServiceTarget service, HttpLoop loop) {
    if (answer.has(FieldName.ENDPOINT_LOAD_METRICS)) {
      readLoad(answer, node, service, loop);
    }
    return isFailure(answer, node, loop);
  }

  private static void readLoad(Head answer, Node node, ServiceTarget service, HttpLoop loop) {
    int first = answer.first(FieldName.ENDPOINT_LOAD_METRICS);
    int inFlight =
        LoadReport.inFlight(answer.bytes, answer.valueStart(first), answer.valueEnd(first));
    if (inFlight >= 0) {
      node.loadReported(loop.index(), inFlight);
    }
    if (!service.passesLoadMetrics()) {
      for (int field = first; field < answer.fieldCount; field++) {
        if (answer.id(field) == FieldName.ENDPOINT_LOAD_METRICS) {
          answer.drop(field);
        }
      }
    }
  }

  /**
   * Whether it counts against the node. 501 and 505 are about the request, and so is 429, unless
   * the node says how long it wants to be left alone, which then is remembered.
   */
  private static boolean isFailure(Head answer, Node node, HttpLoop loop) {
    int status = answer.status;
    if (status == 429 || status == 503) {
      long seconds = seconds(answer);
      if (seconds > 0) {
        node.busyUntil(loop.index(), loop.now() + TimeUnit.SECONDS.toNanos(seconds));
        return true;
      }
    }
    return isServerFault(status);
  }

  /** 501 and 505 are about the request; whoever asks for too much gets 429. */
  static boolean isServerFault(int status) {
    return status >= 500 && status != 501 && status != 505;
  }

  /** Of {@code Retry-After}; 0: it does not say, or names a date. */
  private static long seconds(Head answer) {
    int field = answer.findField(RETRY_AFTER, 0);
    if (field < 0) {
      return 0;
    }
    long seconds = 0;
    for (int at = answer.valueStart(field); at < answer.valueEnd(field); at++) {
      int digit = answer.bytes[at] - '0';
      if (digit < 0 || digit > 9) {
        return 0;
      }
      seconds = Math.min(MAX_BUSY_SECONDS, 10 * seconds + digit);
    }
    return seconds;
  }
}
