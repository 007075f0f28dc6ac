package io.fairlead.proxy.http;

import io.fairlead.config.Networks;
import io.fairlead.identity.CheckDesk;
import io.fairlead.identity.CredentialCheck;
import io.fairlead.identity.Verdict;
import io.fairlead.limit.RateLimiter;
import io.fairlead.telemetry.ErrorReason;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Lets in whoever shows a credential in {@code authorization} that is found good.
 *
 * <p>Finding that out may take a tenth of a second of a processor, and so is done elsewhere. What
 * was found good is remembered for a while, by a keyed hash: a client that keeps its connection
 * costs one check, then a hash per request. What was found wrong is not remembered, so that nobody
 * can push out what is; and of what is shown by many requests at once one check is made per event
 * loop.
 */
public final class CredentialGuard extends Guard {
  private static final System.Logger LOG = System.getLogger(CredentialGuard.class.getName());
  private static final byte[] AUTHORIZATION = Ascii.bytes("authorization");
  private static final byte[] WWW_AUTHENTICATE = Ascii.bytes("www-authenticate");
  private static final String HASH = "HmacSHA256";

  /** Credentials that one event loop remembers; the one not seen for longest goes first. */
  private static final int MOST_KNOWN = 4096;

  /** A request waits so long, then its client is told to come again. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /**
   * What a guard is made of.
   *
   * @param key as the configuration spells it, such as {@code basic-auth}
   * @param check that looks at credentials
   * @param desk where it does
   * @param ownFields names of the fields that tell nodes who asks, in lower case; nobody else may
   *     say anything in them
   * @param passes whether nodes get the credential itself
   * @param attempts how many checks one client address may cause; null: as many as the desk takes
   */
  public record Parts(
      String key,
      CredentialCheck check,
      CheckDesk desk,
      List<String> ownFields,
      boolean passes,
      @Nullable RateLimiter attempts) {}

  /** A keyed hash of a credential, of which nobody outside can make two that are the same. */
  private record Mark(long high, long low) {}

  /** One that was found good, and what nodes are told. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares what is known
  private record Known(String who, byte[][] names, byte[][] values, long until, int version) {}

  /** One that is being looked at, and who waits for it. */
  private static final class Check {
    final Memory memory;
    final Mark mark;
    final List<Ticket> waiting = new ArrayList<>(1);
    int wanted;

    /** Nobody waits any more: it need not be begun. */
    volatile boolean unwanted;

    Check(Memory memory, Mark mark) {
      this.memory = memory;
      this.mark = mark;
    }
  }

  /** A request that waits for a check. */
  private static final class Ticket implements Hold {
    final Exchange exchange;
    final Check check;
    boolean gone;

    Ticket(Exchange exchange, Check check) {
      this.exchange = exchange;
      this.check = check;
    }

    @Override
    public void letGo() {
      gone = true;
      if (--check.wanted == 0) {
        check.unwanted = true;
        check.memory.going.remove(check.mark, check); // nobody can join what is not made
      }
    }

    @Override
    public ErrorReason late() {
      return ErrorReason.AUTH_UNAVAILABLE;
    }
  }

  /** What one event loop knows. */
  private static final class Memory {
    final Mac mac;
    final Map<Mark, Check> going = new HashMap<>();
    final Map<Mark, Known> known = new LinkedHashMap<>(16, 0.75f, true);

    Memory(byte[] secret) {
      try {
        mac = Mac.getInstance(HASH);
        mac.init(new SecretKeySpec(secret, HASH));
      } catch (InvalidKeyException e) {
        throw new IllegalStateException("a key of any length will do", e);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every JDK has " + HASH, e);
      }
    }

    Mark mark(byte[] bytes, int start, int end) {
      mac.update(bytes, start, end - start);
      byte[] hash = mac.doFinal();
      return new Mark(longOf(hash, 0), longOf(hash, 8));
    }

    private static long longOf(byte[] bytes, int from) {
      long value = 0;
      for (int i = from; i < from + 8; i++) {
        value = value << 8 | (bytes[i] & 0xFF);
      }
      return value;
    }

    void remember(Mark mark, Known what) {
      known.put(mark, what);
      if (known.size() > MOST_KNOWN) {
        known.remove(known.keySet().iterator().next());
      }
    }
  }

  private final Parts parts;
  private final byte[] scheme;
  private final byte[] challenge;

  /** Fields that nodes do not get from clients. */
  private final byte[][] dropped;

  /** By event loop. */
  private final Memory[] memories;

  /**
   * @param loops event loops that ask
   * @param secret for keyed hashes, 32 bytes that nobody can guess
   */
  public CredentialGuard(Parts parts, int loops, byte[] secret) {
    this.parts = parts;
    scheme = Ascii.bytes(parts.check().scheme());
    challenge = Ascii.bytes(parts.check().challenge());
    List<String> names = new ArrayList<>(parts.ownFields());
    if (!parts.passes()) {
      names.add("authorization");
    }
    dropped = names.stream().map(Ascii::bytes).toArray(byte[][]::new);
    memories = new Memory[loops];
    Arrays.setAll(memories, _ -> new Memory(secret));
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    Head request = exchange.request;
    int field = request.findField(AUTHORIZATION, 0);
    int start = field < 0 ? -1 : credential(request, field);
    if (start < 0) {
      exchange.turnAway(ErrorReason.UNAUTHENTICATED, WWW_AUTHENTICATE, challenge);
      return Answer.TURNED_AWAY;
    }
    Memory memory = memories[loop.index()];
    Mark mark = memory.mark(request.bytes, start, request.valueEnd(field));
    int version = parts.check().version();
    Known known = memory.known.get(mark);
    if (known != null && known.version() == version && known.until() - loop.now() > 0) {
      letIn(exchange, known);
      return Answer.GOES_ON;
    }
    Check check = memory.going.get(mark);
    if (check == null) {
      check = begin(exchange, loop, memory, mark, version, start, request.valueEnd(field));
      if (check == null) {
        return Answer.TURNED_AWAY;
      }
    }
    Ticket ticket = new Ticket(exchange, check);
    check.waiting.add(ticket);
    check.wanted++;
    exchange.hold(ticket, PATIENCE_NANOS);
    return Answer.HELD;
  }

  /** Where the credential begins; -1: there is none of our scheme, or there are two. */
  private int credential(Head request, int field) {
    byte[] bytes = request.bytes;
    int start = request.valueStart(field);
    int end = request.valueEnd(field);
    if (request.findField(AUTHORIZATION, field + 1) >= 0
        || end - start <= scheme.length
        || !Ascii.equalsIgnoreCase(bytes, start, scheme)
        || bytes[start + scheme.length] != ' ') {
      return -1;
    }
    int at = start + scheme.length;
    while (at < end && bytes[at] == ' ') {
      at++;
    }
    return at < end ? at : -1;
  }

  /** Has it looked at; null: there are too many to be looked at, and the client has been told. */
  private @Nullable Check begin(
      Exchange exchange, HttpLoop loop, Memory memory, Mark mark, int version, int start, int end) {
    Head request = exchange.request;
    RateLimiter attempts = parts.attempts();
    if (attempts != null && !attempts.admit(client(request), loop.now(), loop.verdict())) {
      exchange.turnAwayFor(loop.verdict().waitNanos());
      return null;
    }
    byte[] credential = Arrays.copyOfRange(request.bytes, start, end);
    Check check = new Check(memory, mark);
    boolean taken =
        parts
            .desk()
            .take(() -> {
              if (check.unwanted) {
                return;
              }
              Verdict verdict = look(credential);
              tell(loop, () -> settle(loop, check, verdict, version));
            });
    if (!taken) {
      exchange.shed();
      return null;
    }
    memory.going.put(mark, check);
    return check;
  }

  /** Whoever has a /64 has all of its addresses. */
  private static long client(Head request) {
    return Networks.isIpv4(request.clientHigh, request.clientLow)
        ? request.clientLow
        : request.clientHigh;
  }

  private Verdict look(byte[] credential) {
    try {
      return parts.check().check(credential);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a mistake of ours in a check of credentials", e);
      return new Verdict.Unavailable();
    }
  }

  private static void tell(HttpLoop loop, Runnable news) {
    try {
      loop.loop().eventLoop().execute(news);
    } catch (RejectedExecutionException _) {
      // The instance has stopped, and whoever waited is gone.
    }
  }

  /** On the event loop that asked. */
  private void settle(HttpLoop loop, Check check, Verdict verdict, int version) {
    loop.touch();
    Memory memory = check.memory;
    memory.going.remove(check.mark, check);
    Known known = null;
    if (verdict instanceof Verdict.Accepted(String who, Map<String, String> fields, var lasts)) {
      byte[][] names = new byte[fields.size()][];
      byte[][] values = new byte[fields.size()][];
      int at = 0;
      for (Map.Entry<String, String> field : fields.entrySet()) {
        names[at] = Ascii.bytes(field.getKey());
        values[at++] = field.getValue().getBytes(StandardCharsets.UTF_8);
      }
      known = new Known(who, names, values, loop.now() + lasts.toNanos(), version);
      memory.remember(check.mark, known);
    }
    for (Ticket ticket : check.waiting) {
      if (ticket.gone) {
        continue;
      }
      Exchange exchange = ticket.exchange;
      try {
        if (known != null) {
          letIn(exchange, known);
          exchange.goOn();
        } else {
          turnAway(exchange, verdict);
        }
      } catch (RuntimeException e) {
        Failures.log(e);
        exchange.broken();
      }
    }
  }

  private static void turnAway(Exchange exchange, Verdict verdict) {
    switch (verdict) {
      case Verdict.Refused(boolean known, String challenge) ->
          exchange.turnAway(
              known ? ErrorReason.FORBIDDEN : ErrorReason.UNAUTHENTICATED,
              WWW_AUTHENTICATE,
              Ascii.bytes(challenge));
      case Verdict.Unavailable _ -> exchange.answer(ErrorReason.AUTH_UNAVAILABLE);
      case Verdict.Accepted _ -> throw new IllegalStateException("is let in");
    }
  }

  /** What nodes are told is ours alone. */
  private void letIn(Exchange exchange, Known known) {
    Head request = exchange.request;
    if (!known.who().isEmpty()) {
      exchange.identified(known.who());
    }
    dropOwn(request, dropped);
    for (int i = 0; i < known.names().length; i++) {
      byte[] name = known.names()[i];
      request.openField(name);
      request.put(known.values()[i]);
      request.closeField(FieldName.of(name, 0, name.length));
    }
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    int field = request.findField(AUTHORIZATION, 0);
    if (field < 0 || credential(request, field) < 0) {
      said.add(
          parts.key()
              + " asks for authorization by the scheme "
              + parts.check().scheme()
              + ", and the request shows none");
      return ErrorReason.UNAUTHENTICATED;
    }
    said.add(parts.key() + " lets it in if its authorization is good, which is not looked at here");
    return null;
  }
}
