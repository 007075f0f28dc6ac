package io.fairlead.health;

import io.fairlead.config.Probe;
import io.fairlead.config.Probe.Expect;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/** What {@link HttpProber} does, over HTTP/2: by prior knowledge, or by ALPN where there is TLS. */
final class Http2Prober implements Prober {
  private static final int MAX_FRAMES = 1000;
  private static final int WINDOW = 2 * Expect.BODY_BYTES;

  private final byte[] request;
  private final HttpExpectation expectation;
  private final ProbeLink link;

  Http2Prober(Probe.Http probe, String host, ProbeLink link) {
    this.link = link;
    this.expectation = new HttpExpectation(probe.expect(), new Quote(probe.secrets()));
    this.request =
        Http2Call.request(
            probe.method(),
            link.isSecure(),
            probe.path(),
            host,
            HttpProber.fields(probe),
            null,
            WINDOW);
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    try (Socket socket = new TimedSocket(deadline)) {
      socket.connect(address, deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      try (Socket over = link.over(socket, ProbeLink.Asks.HTTP_2)) {
        Http2Call call =
            new Http2Call(new Http2Call.Kind("answer", MAX_FRAMES, Expect.BODY_BYTES, false));
        String wrong = call.make(over, request);
        String failed = wrong == null ? judge(call) : wrong;
        return failed == null ? deadline.met() : new ProbeResult.Failed(failed);
      }
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }

  private @Nullable String judge(Http2Call call) {
    String status = call.status();
    if (status == null || !status.matches("[1-5][0-9]{2}")) {
      return "the answer has no status";
    }
    String wrong = expectation.head(Integer.parseInt(status), call.fields());
    byte[] body = call.body();
    return wrong == null && expectation.wanted().looksAtBody()
        ? expectation.body(body, body.length >= Expect.BODY_BYTES)
        : wrong;
  }
}
