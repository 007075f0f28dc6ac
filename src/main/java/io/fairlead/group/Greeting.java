package io.fairlead.group;

import io.fairlead.config.HostPort;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What instances say to each other before their engines meet. */
final class Greeting {
  private static final JsonMapper MAPPER = new JsonMapper();

  /**
   * Who comes.
   *
   * @param group its name
   * @param instance its name
   * @param address the first of its ports
   * @param process told apart from another of the same name by this
   * @param empty whether it has no state yet
   * @param peers it expects, with their addresses
   * @param stays whether it goes on to say lines
   */
  record Hello(
      String group,
      String instance,
      String address,
      String process,
      boolean empty,
      Map<String, String> peers,
      boolean stays) {}

  /**
   * What it is told.
   *
   * @param instance who answers
   * @param refused why it is turned away; null: it is not
   * @param servers who keeps the state, as far as the answering one knows; empty: it has none
   * @param formed whether that state has ever been kept by a majority
   * @param peers that the answering one expects
   */
  record Answer(
      String instance,
      @Nullable String refused,
      String servers,
      boolean formed,
      Map<String, String> peers) {
    boolean isEmpty() {
      return servers.isEmpty();
    }
  }

  private Greeting() {}

  static String write(Object message) {
    return MAPPER.writeValueAsString(message);
  }

  /**
   * Reads what came.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static <T> T read(String text, Class<T> kind) {
    try {
      T value = MAPPER.readValue(text, kind);
      if (value == null) {
        throw new IllegalArgumentException("nothing was said");
      }
      return value;
    } catch (JacksonException e) {
      throw new IllegalArgumentException("that is no greeting", e);
    }
  }

  /**
   * Reads what stands in the group's state.
   *
   * @throws IllegalArgumentException naming where, if it is something else
   */
  static <T> T read(GroupState.Entry entry, Class<T> kind) {
    try {
      return read(new String(entry.value(), StandardCharsets.UTF_8), kind);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("what stands at " + entry.path(), e);
    }
  }

  static Map<String, String> texts(Map<String, HostPort> peers) {
    Map<String, String> texts = new LinkedHashMap<>();
    peers.forEach((name, address) -> texts.put(name, address.toString()));
    return texts;
  }

  static Map<String, HostPort> addresses(Map<String, String> peers) {
    Map<String, HostPort> addresses = new LinkedHashMap<>();
    peers.forEach((name, address) -> addresses.put(name, HostPort.parse(address)));
    return addresses;
  }
}
