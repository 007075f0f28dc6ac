package io.fairlead.takeover;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.fairlead.takeover.HandedState.HandedDoor;
import io.fairlead.takeover.HandedState.HandedTicketKey;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the two processes say, in this order: the new one {@link Hello}, the old one {@link
 * Welcome}; {@link SendSockets}, and the old one sends the descriptors in the order of its welcome;
 * {@link Ready}, and the old one shuts its admin door and answers with its {@link State}; {@link
 * Serving}, {@link Bye}. Instead of any answer the old one may say {@link Refusal}, and nothing has
 * happened.
 *
 * <p>On the wire: four bytes of length, most significant first, then JSON.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "say")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Message.Hello.class, name = "hello"),
  @JsonSubTypes.Type(value = Message.Welcome.class, name = "welcome"),
  @JsonSubTypes.Type(value = Message.Refusal.class, name = "refusal"),
  @JsonSubTypes.Type(value = Message.SendSockets.class, name = "send-sockets"),
  @JsonSubTypes.Type(value = Message.Ready.class, name = "ready"),
  @JsonSubTypes.Type(value = Message.State.class, name = "state"),
  @JsonSubTypes.Type(value = Message.Serving.class, name = "serving"),
  @JsonSubTypes.Type(value = Message.Bye.class, name = "bye")
})
sealed interface Message {
  /** Rises with each change that an older process would not understand. */
  int PROTOCOL = 1;

  /**
   * The first word of the new process. Every version of the protocol begins with it.
   *
   * @param protocol {@link #PROTOCOL} of the one who speaks
   * @param pid of the one who speaks, for people
   */
  record Hello(int protocol, long pid) implements Message {}

  /** The sockets that there are, in the order in which their descriptors will come. */
  record Welcome(long pid, List<HandedSocket> sockets) implements Message {}

  /** No, and why. */
  record Refusal(String reason) implements Message {}

  record SendSockets() implements Message {}

  /** The new process has built everything and could serve. */
  record Ready() implements Message {}

  /**
   * The admin door is free; what follows is all that is known.
   *
   * @param ticketKeys null: from a version that did not hand any over
   * @param doors the same
   */
  record State(
      List<HandedService> services,
      @Nullable List<HandedTicketKey> ticketKeys,
      @Nullable List<HandedDoor> doors)
      implements Message {
    static State of(HandedState state) {
      return new State(state.services(), state.ticketKeys(), state.doors());
    }

    HandedState handed() {
      return new HandedState(
          services,
          Objects.requireNonNullElse(ticketKeys, List.of()),
          Objects.requireNonNullElse(doors, List.of()));
    }
  }

  /** The new process takes connections. From here on it does without the old one. */
  record Serving() implements Message {}

  /** The old process leaves. */
  record Bye() implements Message {}

  JsonMapper JSON = new JsonMapper();

  static byte[] write(Message message) {
    return JSON.writerFor(Message.class).writeValueAsBytes(message);
  }

  static Message read(byte[] bytes) throws IOException {
    try {
      return JSON.readValue(bytes, Message.class);
    } catch (JacksonException | IllegalArgumentException e) {
      throw new IOException("what came is not a message of a takeover", e);
    }
  }
}
