package io.fairlead.proxy.http;

import io.fairlead.config.ExtAuthConfig;
import io.fairlead.telemetry.ErrorReason;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks a service whether a request goes on (as nginx's auth_request, Envoy's ext_authz and
 * Traefik's ForwardAuth do): with GET, some fields of the request, and what was asked for in {@code
 * x-forwarded-method}, {@code -host} and {@code -uri}. 2xx lets it in; 401, 403 and a redirection
 * (302, 303, 307) go to the client; anything else, and no answer, is a failure.
 */
public final class ExtAuthGuard extends Guard {
  /** Bytes of a refusal's body, for the client; of a longer one there is none. */
  private static final int MOST_BODY = 64 * 1024;

  /** Behind the time that the request to the service has, which is watched there. */
  private static final long SLACK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final byte[] GET = Ascii.bytes("GET ");
  private static final byte[] VERSION = Ascii.bytes(" HTTP/1.1\r\n");
  private static final byte[] HOST = Ascii.bytes("host: ");
  private static final byte[] METHOD = Ascii.bytes("\r\nx-forwarded-method: ");
  private static final byte[] FORWARDED_HOST = Ascii.bytes("\r\nx-forwarded-host: ");
  private static final byte[] URI = Ascii.bytes("\r\nx-forwarded-uri: ");
  private static final byte[] CRLF = Ascii.bytes("\r\n");
  private static final byte[] COLON = Ascii.bytes(": ");

  /** What is said of those before us, if it is believed; what is not has been dropped. */
  private static final int[] OF_PROXIES = {
    FieldName.FORWARDED,
    FieldName.X_FORWARDED_FOR,
    FieldName.X_FORWARDED_PROTO,
    FieldName.X_REQUEST_ID,
    FieldName.TRACEPARENT,
    FieldName.TRACESTATE
  };

  private final ExtAuthConfig config;
  private final HttpRoute route;
  private final byte[] path;
  private final byte[] fallbackHost;
  private final byte[][] send;
  private final byte[][] take;

  /**
   * @param route that leads to the service, with the time that its answer may take
   */
  public ExtAuthGuard(ExtAuthConfig config, HttpRoute route) {
    this.config = config;
    this.route = route;
    path = Ascii.bytes(config.path());
    fallbackHost = Ascii.bytes(config.service());
    send = config.send().stream().map(Ascii::bytes).toArray(byte[][]::new);
    take = config.take().stream().map(Ascii::bytes).toArray(byte[][]::new);
  }

  /** A request that the service has been asked about. */
  private final class Question implements Hold, Subrequest.Asker {
    private final Exchange exchange;
    private final Subrequest request;

    /** Whoever asked has been told to wait. */
    private boolean held;

    Question(Exchange exchange, HttpLoop loop) {
      this.exchange = exchange;
      this.request = new Subrequest(loop, exchange.client(), route, MOST_BODY, this);
    }

    Answer ask() {
      write(request.begin(), exchange.request);
      request.send(exchange.request);
      if (request.isEnded()) {
        return settle(exchange, request);
      }
      held = true;
      exchange.hold(this, config.timeout().toNanos() + SLACK_NANOS);
      return Answer.HELD;
    }

    @Override
    public void ended(Subrequest answered) {
      if (!held) {
        return; // at once
      }
      if (settle(exchange, answered) == Answer.GOES_ON) {
        exchange.goOn();
      }
    }

    @Override
    public void letGo() {
      request.cancel(); // of one that has ended, nothing is left
    }

    @Override
    public ErrorReason late() {
      return ErrorReason.AUTH_UNAVAILABLE;
    }
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    return new Question(exchange, loop).ask();
  }

  private void write(Head head, Head asked) {
    head.put(GET);
    head.put(path);
    head.put(VERSION);
    head.put(HOST);
    putHost(head, asked);
    head.put(METHOD);
    head.put(asked.bytes, asked.methodStart, asked.methodEnd - asked.methodStart);
    head.put(FORWARDED_HOST);
    putHost(head, asked);
    head.put(URI);
    head.put(asked.bytes, asked.pathStart, asked.pathEnd - asked.pathStart);
    head.put(asked.bytes, asked.queryStart, asked.queryEnd - asked.queryStart);
    head.put(CRLF);
    for (int field = 0; field < asked.fieldCount; field++) {
      if (!asked.isDropped(field) && isSent(asked, field)) {
        head.put(
            asked.bytes, asked.nameStart(field), asked.nameEnd(field) - asked.nameStart(field));
        head.put(COLON);
        int start = asked.valueStart(field);
        head.put(asked.bytes, start, asked.valueEnd(field) - start);
        head.put(CRLF);
      }
    }
    head.put(CRLF);
  }

  private void putHost(Head head, Head asked) {
    int length = asked.hostEnd - asked.hostStart;
    if (length > 0) {
      head.put(asked.bytes, asked.hostStart, length);
    } else {
      head.put(fallbackHost);
    }
  }

  private boolean isSent(Head asked, int field) {
    int id = asked.id(field);
    for (int known : OF_PROXIES) {
      if (id == known) {
        return true;
      }
    }
    for (byte[] name : send) {
      if (asked.isNamed(field, name)) {
        return true;
      }
    }
    return false;
  }

  /** The service has answered, or will not. */
  private Answer settle(Exchange exchange, Subrequest request) {
    Head answer = request.answer;
    ErrorReason refusal =
        request.hasFailed()
            ? ErrorReason.AUTH_UNAVAILABLE
            : switch (answer.status) {
              case 401, 302, 303, 307 -> ErrorReason.UNAUTHENTICATED;
              case 403 -> ErrorReason.FORBIDDEN;
              default ->
                  answer.status >= 200 && answer.status < 300 ? null : ErrorReason.AUTH_UNAVAILABLE;
            };
    Head asked = exchange.request;
    if (refusal == null) {
      dropOwn(asked, take);
      for (int field = 0; field < answer.fieldCount; field++) {
        if (!answer.isDropped(field) && isTaken(answer, field)) {
          copy(answer, field, asked);
        }
      }
      return Answer.GOES_ON;
    }
    if (refusal == ErrorReason.AUTH_UNAVAILABLE) {
      if (config.fail() == ExtAuthConfig.Fail.OPEN) {
        dropOwn(asked, take);
        return Answer.GOES_ON;
      }
      exchange.answer(refusal);
    } else {
      exchange.turnAway(refusal, answer, request.kept());
    }
    return Answer.TURNED_AWAY;
  }

  private boolean isTaken(Head answer, int field) {
    for (byte[] name : take) {
      if (answer.isNamed(field, name)) {
        return true;
      }
    }
    return false;
  }

  private static void copy(Head from, int field, Head to) {
    int start = from.nameStart(field);
    int length = from.nameEnd(field) - start;
    to.openField(from.bytes, start, length);
    to.put(from.bytes, from.valueStart(field), from.valueEnd(field) - from.valueStart(field));
    to.closeField(FieldName.of(from.bytes, start, start + length));
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    said.add(
        "ext-auth asks service "
            + config.service()
            + " for "
            + config.path()
            + ", which is not done here");
    return null;
  }
}
