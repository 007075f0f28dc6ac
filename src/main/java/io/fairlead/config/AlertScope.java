package io.fairlead.config;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A part of the traffic. Empty names leave it open.
 *
 * @param listener where it came in
 * @param route which rule took it, by the route's name
 * @param service who was to answer
 * @param node who did, by the node's name
 */
public record AlertScope(String listener, String route, String service, String node) {
  /** All there is. */
  public static final AlertScope ALL = new AlertScope("", "", "", "");

  /** What a scope can be split by. */
  public enum Part {
    LISTENER,
    ROUTE,
    SERVICE,
    NODE;

    /** As a label is called. */
    public String word() {
      return Units.word(this);
    }
  }

  public String get(Part part) {
    return switch (part) {
      case LISTENER -> listener;
      case ROUTE -> route;
      case SERVICE -> service;
      case NODE -> node;
    };
  }

  /** The same with another value for that part. */
  public AlertScope with(Part part, String value) {
    return switch (part) {
      case LISTENER -> new AlertScope(value, route, service, node);
      case ROUTE -> new AlertScope(listener, value, service, node);
      case SERVICE -> new AlertScope(listener, route, value, node);
      case NODE -> new AlertScope(listener, route, service, value);
    };
  }

  /** What is given, by name. */
  public Map<String, String> labels() {
    Map<String, String> labels = new LinkedHashMap<>();
    for (Part part : Part.values()) {
      if (!get(part).isEmpty()) {
        labels.put(part.word(), get(part));
      }
    }
    return labels;
  }

  /** {@code service shop, node b}; empty: everything. */
  public String words() {
    StringBuilder words = new StringBuilder();
    labels()
        .forEach((name, value) ->
            words.append(words.isEmpty() ? "" : ", ").append(name).append(' ').append(value));
    return words.toString();
  }
}
