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

/**
 * A line of a file of the log: a CRC-32C in eight hexadecimal digits, a space, and a JSON object,
 * of whose bytes the sum is made.
 *
 * <p>A file has one {@link Head}, so many {@link Key}s as it says, and then {@link Change}s and
 * {@link Mark}s whose revisions rise. Times are those of the instance that led the group, in
 * milliseconds since 1970; they go back where its clock did.
 */
public sealed interface Line {
  /** Of the format; a reader knows those up to its own. */
  int FORMAT = 1;

  /**
   * How a file begins.
   *
   * @param history which founding of the group this is of: revisions of another one mean nothing
   * @param revision of the last transaction that is in the keys that follow
   * @param time of that transaction
   * @param keys how many there are
   */
  record Head(String group, String instance, String history, long revision, long time, int keys)
      implements Line {}

  /**
   * A key that was there.
   *
   * @param value its bytes; not copied
   * @param ttl milliseconds after which it ends unless it is put again; 0: it stays
   * @param revision of its last change
   */
  @SuppressWarnings("ArrayRecordComponent") // not copied; nobody writes it
  record Key(String key, byte[] value, long ttl, long revision) implements Line {}

  /**
   * A transaction.
   *
   * @param puts keys as it left them
   * @param deletes keys that it deleted
   */
  record Change(long revision, long time, List<Key> puts, List<String> deletes) implements Line {
    public Change {
      puts = List.copyOf(puts);
      deletes = List.copyOf(deletes);
    }
  }

  /** Nothing else has happened up to that transaction, which was not of the store. */
  record Mark(long revision, long time) implements Line {}

  /** With its end of line. */
  default byte[] bytes() {
    byte[] json = json().toString().getBytes(StandardCharsets.UTF_8);
    byte[] sum = sum(json, 0, json.length).getBytes(StandardCharsets.US_ASCII);
    byte[] line = new byte[sum.length + 1 + json.length + 1];
    System.arraycopy(sum, 0, line, 0, sum.length);
    line[sum.length] = ' ';
    System.arraycopy(json, 0, line, sum.length + 1, json.length);
    line[line.length - 1] = '\n';
    return line;
  }

  private ObjectNode json() {
    ObjectNode node = Json.MAPPER.createObjectNode();
    switch (this) {
      case Head head ->
          node.put("format", FORMAT)
              .put("group", head.group())
              .put("instance", head.instance())
              .put("history", head.history())
              .put("revision", head.revision())
              .put("time", Instant.ofEpochMilli(head.time()).toString())
              .put("keys", head.keys());
      case Key key -> key(node, key);
      case Change change -> {
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
      case Mark mark ->
          node.put("revision", mark.revision())
              .put("time", Instant.ofEpochMilli(mark.time()).toString());
    }
    return node;
  }

  private static void key(ObjectNode node, Key key) {
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
    int begin = Json.SUM_LENGTH + 1;
    if (line.length <= begin
        || line[Json.SUM_LENGTH] != ' '
        || !new String(line, 0, Json.SUM_LENGTH, StandardCharsets.US_ASCII)
            .equals(sum(line, begin, line.length - begin))) {
      return null;
    }
    try {
      return of(Json.MAPPER.readTree(line, begin, line.length - begin));
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
      return new Head(
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
      return new Mark(revision, time(node));
    }
    List<Key> put = new ArrayList<>();
    if (puts != null) {
      puts.forEach(each -> put.add(key(each)));
    }
    List<String> deleted = new ArrayList<>();
    if (deletes != null) {
      deletes.forEach(each -> deleted.add(each.asString()));
    }
    return new Change(revision, time(node), put, deleted);
  }

  private static Key key(JsonNode node) {
    JsonNode ttl = node.get("ttl");
    return new Key(
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
    return "0".repeat(Json.SUM_LENGTH - hex.length()) + hex;
  }

  /** What an interface cannot keep to itself. */
  final class Json {
    private static final int SUM_LENGTH = 8;
    private static final JsonMapper MAPPER = new JsonMapper();

    private Json() {}
  }

  /** A later version of Fairlead wrote this. */
  final class UnknownFormat extends Exception {
    private static final long serialVersionUID = 1L;

    UnknownFormat(int format) {
      super("is of format " + format + ", which a later version of Fairlead writes");
    }
  }
}
