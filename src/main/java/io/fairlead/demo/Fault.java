package io.fairlead.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * One way in which a test node mistreats a request.
 *
 * <p>The first five replace the answer; if several are set, the earliest in this file acts. The
 * others change how an ordinary answer is sent and may be combined.
 */
public sealed interface Fault {
  /** The request is read and never answered; the connection stays until the peer closes it. */
  record Hang() implements Fault {}

  /** The connection is reset (RST, not FIN) instead of an answer. */
  record Reset() implements Fault {}

  /** Bytes that are not HTTP, then the connection is closed. */
  record Garbage() implements Fault {}

  /** Header lines without end, until the peer closes or 256 MiB are sent. */
  record EndlessHeader() implements Fault {}

  /** An answer whose head or framing breaks the rules; see {@link BadFraming}. */
  record Misframed(BadFraming variant) implements Fault {}

  /**
   * The connection is closed in the middle of the body.
   *
   * @param after body bytes that are still sent; {@value #HALF}: half of the body
   */
  record Cut(long after) implements Fault {
    static final long HALF = -1;

    public Cut {
      Fault.check(after >= HALF, "cut", after, "must be a number of bytes from 0, or true");
    }
  }

  /** The head is sent at this many bytes a second, from 1. */
  record SlowHead(int bytesPerSecond) implements Fault {
    public SlowHead {
      Fault.check(bytesPerSecond > 0, "slow-head", bytesPerSecond, "must be bytes a second from 1");
    }
  }

  /** The body is sent at this many bytes a second, from 1. */
  record SlowBody(int bytesPerSecond) implements Fault {
    public SlowBody {
      Fault.check(bytesPerSecond > 0, "slow-body", bytesPerSecond, "must be bytes a second from 1");
    }
  }

  /** The answer says {@code connection: close} and keeps the promise. */
  record Close() implements Fault {}

  /**
   * The answer lets the peer believe the connection may be used again, and it may not.
   *
   * @param onReuse false: the connection is closed right after the answer; true: it is closed when
   *     the first byte of the next request has come, which is the race a proxy cannot win by
   *     looking first
   */
  record Stale(boolean onReuse) implements Fault {}

  /** Reads the value of one fault; empty means "off". */
  Map<String, Function<String, Optional<Fault>>> READERS = readers();

  private static Map<String, Function<String, Optional<Fault>>> readers() {
    Map<String, Function<String, Optional<Fault>>> readers = new LinkedHashMap<>();
    readers.put("hang", value -> flag("hang", value, new Hang()));
    readers.put("reset", value -> flag("reset", value, new Reset()));
    readers.put("garbage", value -> flag("garbage", value, new Garbage()));
    readers.put("endless-header", value -> flag("endless-header", value, new EndlessHeader()));
    readers.put(
        "bad-framing",
        value ->
            isOff(value) ? Optional.empty() : Optional.of(new Misframed(BadFraming.of(value))));
    readers.put(
        "cut",
        value ->
            switch (value) {
              case "false" -> Optional.empty();
              case "", "true" -> Optional.of(new Cut(Cut.HALF));
              default -> Optional.of(new Cut(number("cut", value)));
            });
    readers.put(
        "slow-head",
        value ->
            isOff(value)
                ? Optional.empty()
                : Optional.of(new SlowHead(number("slow-head", value))));
    readers.put(
        "slow-body",
        value ->
            isOff(value)
                ? Optional.empty()
                : Optional.of(new SlowBody(number("slow-body", value))));
    readers.put("close", value -> flag("close", value, new Close()));
    readers.put(
        "stale",
        value ->
            value.equals("on-reuse")
                ? Optional.of(new Stale(true))
                : flag("stale", value, new Stale(false)));
    return Map.copyOf(readers);
  }

  /** The names of all faults, in the order in which they act. */
  List<String> KEYS =
      List.of(
          "hang",
          "reset",
          "garbage",
          "endless-header",
          "bad-framing",
          "cut",
          "slow-head",
          "slow-body",
          "close",
          "stale");

  /** The name by which the control document and a query know this fault. */
  default String key() {
    return switch (this) {
      case Hang _ -> "hang";
      case Reset _ -> "reset";
      case Garbage _ -> "garbage";
      case EndlessHeader _ -> "endless-header";
      case Misframed _ -> "bad-framing";
      case Cut _ -> "cut";
      case SlowHead _ -> "slow-head";
      case SlowBody _ -> "slow-body";
      case Close _ -> "close";
      case Stale _ -> "stale";
    };
  }

  /** The value beside the key. */
  default String value() {
    return switch (this) {
      case Hang _, Reset _, Garbage _, EndlessHeader _, Close _ -> "true";
      case Misframed(BadFraming variant) -> variant.key();
      case Cut(long after) -> after == Cut.HALF ? "true" : Long.toString(after);
      case SlowHead(int rate) -> Integer.toString(rate);
      case SlowBody(int rate) -> Integer.toString(rate);
      case Stale(boolean onReuse) -> onReuse ? "on-reuse" : "true";
    };
  }

  private static boolean isOff(String value) {
    return value.equals("false") || value.equals("0");
  }

  private static Optional<Fault> flag(String key, String value, Fault fault) {
    return Behaviour.flag(key, value) ? Optional.of(fault) : Optional.empty();
  }

  private static int number(String key, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(key + ": must be a number (was " + value + ")", e);
    }
  }

  private static void check(boolean holds, String key, long value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException(key + ": " + rule + " (was " + value + ")");
    }
  }
}
