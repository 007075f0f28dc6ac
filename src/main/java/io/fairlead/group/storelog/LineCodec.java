package io.fairlead.group.storelog;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes lines, and reads them. */
final class LineCodec {
  /** Of the format; a reader knows those up to its own. */
  private static final int FORMAT = 1;

  private static final int SUM_LENGTH = 8;
  private static final JsonMapper MAPPER = new JsonMapper();

  private LineCodec() {}

  /** A later version of Fairlead wrote this. */
  static final class UnknownFormat extends Exception {
    private static final long serialVersionUID = 1L;

    UnknownFormat(int format) {
      super("is of format " + format + ", which a later version of Fairlead writes");
    }
  }

  /** With its end of line. */
  static byte[] bytes(Line of) {
    byte[] json = json(of).toString().getBytes(StandardCharsets.UTF_8);
    byte[] sum = sum(json, 0, json.length).getBytes(StandardCharsets.US_ASCII);
    byte[] line = new byte[sum.length + 1 + json.length + 1];
    System.arraycopy(sum, 0, line, 0, sum.length);
    line[sum.length] = ' ';
    System.arraycopy(json, 0, line, sum.length + 1, json.length);
    line[line.length - 1] = '\n';
    return line;
  }

  private static ObjectNode json(Line of) {
    ObjectNode node = MAPPER.createObjectNode();
    switch (of) {
      case Line.Head head ->
          node.put("format", FORMAT)
              .put("group", head.group())
              .put("instance", head.instance())
              .put("history", head.history())
              .put("revision", head.revision())
              .put("time", Instant.ofEpochMilli(head.time()).toString())
              .put("keys", head.keys());
      case Line.Key key -> key(node, key);
      case Line.Change change -> {
        node.put("revision", change.revision())
            .put("time", Instant.ofEpochMilli(change.time()).toString());
        if (!change.puts().isEmpty()) {
          ArrayNode puts = node.putArray("put");
          change.puts().forEach(put -> key(puts.addObject(), put));
        }
        if (!change.deletes().isEmpty()) {
          ArrayNode deletes = node.putArray("delete");
          change.deletes().forEach(deletes::add);
        }
      }
      case Line.Mark mark ->
          node.put("revision", mark.revision())
              .put("time", Instant.ofEpochMilli(mark.time()).toString());
    }
    return node;
  }

  private static void key(ObjectNode node, Line.Key key) {
    node.put("key", key.key());
    if (key.ttl() != 0) {
      node.put("ttl", key.ttl());
    }
    node.put("revision", key.revision())
        .put("value", Base64.getEncoder().encodeToString(key.value()));
  }

  /**
   * Reads a line without its end; null: it is not as it was written.
   *
   * @throws UnknownFormat if a later version wrote it
   */
  static @Nullable Line of(byte[] line) throws UnknownFormat {
    int begin = SUM_LENGTH + 1;
    if (line.length <= begin
        || line[SUM_LENGTH] != ' '
        || !new String(line, 0, SUM_LENGTH, StandardCharsets.US_ASCII)
            .equals(sum(line, begin, line.length - begin))) {
      return null;
    }
    try {
      return of(MAPPER.readTree(line, begin, line.length - begin));
    } catch (JacksonException | IllegalArgumentException | DateTimeException _) {
      return null;
    }
  }

  private static Line of(JsonNode node) throws UnknownFormat {
    if (node.has("format")) {
      int format = node.required("format").asInt();
      if (format > FORMAT) {
        throw new UnknownFormat(format);
      }
      return new Line.Head(
          node.required("group").asString(),
          node.required("instance").asString(),
          node.required("history").asString(),
          node.required("revision").asLong(),
          time(node),
          node.required("keys").asInt());
    }
    if (node.has("key")) {
      return key(node);
    }
    JsonNode puts = node.get("put");
    JsonNode deletes = node.get("delete");
    long revision = node.required("revision").asLong();
    if (puts == null && deletes == null) {
      return new Line.Mark(revision, time(node));
    }
    List<Line.Key> put = new ArrayList<>();
    if (puts != null) {
      puts.forEach(each -> put.add(key(each)));
    }
    List<String> deleted = new ArrayList<>();
    if (deletes != null) {
      deletes.forEach(each -> deleted.add(each.asString()));
    }
    return new Line.Change(revision, time(node), put, deleted);
  }

  private static Line.Key key(JsonNode node) {
    JsonNode ttl = node.get("ttl");
    return new Line.Key(
        node.required("key").asString(),
        Base64.getDecoder().decode(node.required("value").asString()),
        ttl == null ? 0 : ttl.asLong(),
        node.required("revision").asLong());
  }

  private static long time(JsonNode node) {
    return Instant.parse(node.required("time").asString()).toEpochMilli();
  }

  private static String sum(byte[] bytes, int offset, int length) {
    CRC32C sum = new CRC32C();
    sum.update(bytes, offset, length);
    String hex = Long.toHexString(sum.getValue());
    return "0".repeat(SUM_LENGTH - hex.length()) + hex;
  }
}
