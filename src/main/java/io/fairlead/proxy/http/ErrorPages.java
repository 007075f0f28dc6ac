package io.fairlead.proxy.http;

import io.fairlead.config.Content;
import io.fairlead.telemetry.ErrorReason;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** Fairlead's own error answers, with the bodies that the operator has given some of them. */
public final class ErrorPages {
  public static final ErrorPages NONE = new ErrorPages(Map.of());

  private final Map<String, Content> pages;
  private final Map<ErrorReason, LocalAnswer> answers = new EnumMap<>(ErrorReason.class);

  /**
   * @param pages by status ({@code 404}) or class ({@code 5xx}); a status comes first
   */
  public ErrorPages(Map<String, Content> pages) {
    this.pages = Map.copyOf(pages);
    for (ErrorReason reason : ErrorReason.values()) {
      if (reason.status() == 0) {
        continue; // of connections without requests
      }
      String status = Integer.toString(reason.status());
      Content page = pages.getOrDefault(status, pages.get(status.charAt(0) + "xx"));
      answers.put(reason, page == null ? LocalAnswer.of(reason) : LocalAnswer.of(reason, page));
    }
  }

  /** The same with others that come before them. */
  public ErrorPages with(Map<String, Content> others) {
    Map<String, Content> all = new HashMap<>(pages);
    all.keySet().removeIf(status -> isCovered(status, others));
    all.putAll(others);
    return new ErrorPages(all);
  }

  /** A class of a route goes before a single status of its listener. */
  private static boolean isCovered(String status, Map<String, Content> others) {
    return others.containsKey(status.charAt(0) + "xx");
  }

  LocalAnswer of(ErrorReason reason) {
    LocalAnswer answer = answers.get(reason);
    return answer == null ? LocalAnswer.of(reason) : answer;
  }
}
