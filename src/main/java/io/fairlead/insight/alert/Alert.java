package io.fairlead.insight.alert;

import io.fairlead.config.AlertRuleConfig.Level;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * Something that somebody is, or was, to be told of.
 *
 * @param id the same for the same rule and labels, whenever
 * @param rule its name
 * @param text what is the matter, for people
 * @param cause the most likely one; empty: none is known
 * @param since when the condition began to hold, in milliseconds since 1970
 * @param until when it was over; 0: it is not
 * @param labels what it is about
 * @param value what was compared, as it is now or was last
 */
public record Alert(
    String id,
    String rule,
    State state,
    Level level,
    String text,
    String cause,
    long since,
    long until,
    Map<String, String> labels,
    double value) {

  /** How far it is. */
  public enum State {
    /** The condition holds, but not for long enough. */
    PENDING,
    FIRING,
    RESOLVED
  }

  public Alert {
    labels = Map.copyOf(labels);
  }

  boolean isFiring() {
    return state == State.FIRING;
  }

  /** Labels with those that every alert has. */
  public Map<String, String> allLabels() {
    Map<String, String> all = new TreeMap<>(labels);
    all.put("rule", rule);
    all.put("level", level.word());
    return all;
  }

  /** The same rule and labels make the same. */
  static String id(String rule, Map<String, String> labels) {
    return hash(rule + new TreeMap<>(labels));
  }

  static String hash(String text) {
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sum, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
