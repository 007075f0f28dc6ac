package io.fairlead.demo;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /_control}: the behaviour of a running node as a JSON document.
 *
 * <p>{@code GET} shows behaviour and counters, {@code PUT} changes any subset of the behaviour's
 * keys (with {@code "for": "5s"} the old behaviour comes back by itself), {@code DELETE} goes back
 * to the behaviour the node was started with.
 */
final class Control {
  /** Longest document accepted, in bytes. */
  static final int MAX_BODY = 64 * 1024;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Keys whose values are words; all others are written as numbers or switches. */
  private static final Set<String> WORDS = Set.of("latency", "health", "bad-framing", "stale");

  private Control() {}

  static Answer answer(TestNode node, String method, String body) {
    return switch (method) {
      case "GET", "HEAD" -> document(node);
      case "PUT" -> change(node, body);
      case "DELETE" -> {
        node.setBehaviour(node.initialBehaviour());
        yield document(node);
      }
      default -> Answer.text(405, "/_control takes GET, PUT or DELETE\n");
    };
  }

  private static Answer change(TestNode node, String body) {
    try {
      JsonNode document = JSON.readTree(body);
      if (!document.isObject()) {
        throw new IllegalArgumentException("the document must be a JSON object");
      }
      Behaviour next = node.behaviour();
      Duration howLong = Duration.ZERO;
      for (Map.Entry<String, JsonNode> entry : document.properties()) {
        String key = entry.getKey();
        if (!entry.getValue().isValueNode() || entry.getValue().isNull()) {
          throw new IllegalArgumentException(key + ": must be a word, a number, true or false");
        }
        String value = entry.getValue().asString();
        if (key.equals("for")) {
          howLong = LatencyDistribution.duration(value);
        } else {
          next = next.with(key, value);
        }
      }
      if (howLong.isZero()) {
        node.setBehaviour(next);
      } else {
        node.setBehaviour(next, howLong);
      }
      return document(node);
    } catch (JacksonException e) {
      return Answer.text(400, "not JSON: " + e.getOriginalMessage() + "\n");
    } catch (IllegalArgumentException e) {
      return Answer.text(400, e.getMessage() + "\n");
    }
  }

  private static Answer document(TestNode node) {
    ObjectNode document = JSON.createObjectNode();
    document.put("node", node.name());
    ObjectNode behaviour = document.putObject("behaviour");
    node.behaviour().values().forEach((key, value) -> put(behaviour, key, value));
    NodeCounters counters = node.counters();
    ObjectNode counts = document.putObject("counters");
    counts.put("connections-accepted", counters.accepted.get());
    counts.put("connections-open", counters.open.get());
    counts.put("connections-turned-away", counters.turnedAway.sum());
    counts.put("requests", counters.requests.get());
    counts.put("bad-requests", counters.badRequests.sum());
    counts.put("last-bad-request", counters.lastBadRequest());
    ObjectNode paths = counts.putObject("paths");
    counters.paths().forEach(paths::put);
    return Answer.json(
        200, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document) + "\n");
  }

  private static void put(ObjectNode object, String key, String value) {
    if (value.equals("true") || value.equals("false")) {
      object.put(key, value.equals("true"));
    } else if (WORDS.contains(key)) {
      object.put(key, value);
    } else if (key.equals("error-rate")) {
      object.put(key, Double.parseDouble(value));
    } else {
      object.put(key, Long.parseLong(value));
    }
  }
}
