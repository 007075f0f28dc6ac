package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.proxy.http.CorpusCase.Item;
import io.fairlead.proxy.http.CorpusCase.Outcome;
import io.fairlead.proxy.http.CorpusCase.Step;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;

/** A client that sends exactly what a case says and takes the responses apart strictly. */
final class RawClient implements AutoCloseable {

  /** How the connection stood when the client stopped reading. */
  enum End {
    OPEN,
    CLOSED,
    RESET,
    TIMEOUT
  }

  /** What the client saw. */
  record Saw(List<Received> responses, End end) {}

  /** Longer than any honest answer on loopback takes on a busy machine. */
  private static final int DEADLINE_MILLIS = 5_000;

  private final Socket socket;
  private final StrictReader in;
  private final Semaphore arrived = new Semaphore(0);

  RawClient(InetSocketAddress proxy) throws IOException {
    socket = new Socket();
    socket.connect(proxy, DEADLINE_MILLIS);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(DEADLINE_MILLIS);
    in = new StrictReader(socket.getInputStream());
  }

  /** Plays the client's part of a case. */
  Saw play(CorpusCase corpusCase, Pace pace) throws IOException, InterruptedException {
    Thread writer = Thread.ofVirtual().start(() -> send(corpusCase.clientSends(), pace));
    List<Received> responses = new ArrayList<>();
    End end = read(corpusCase, responses);
    if (end != End.OPEN) {
      arrived.release(1_000); // whoever still waits would wait for ever
      socket.close();
    }
    writer.join();
    return new Saw(responses, end);
  }

  /** One more request on the same connection; false when it was not answered properly. */
  boolean servesFence() {
    Received response = new Received(0);
    try {
      socket.getOutputStream().write(ScriptedNode.FENCE.getBytes(ISO_8859_1));
      return in.readResponse(response, false)
          && response.status() == 200
          && response.body.toString().equals("fence");
    } catch (IOException | StrictReader.Doubt e) {
      return false;
    }
  }

  /** Whether bytes go both ways unchanged through a node that echoes, until this side closes. */
  boolean isTunnel() {
    String bytes = "ping\0\r\n\u00ff\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    try {
      socket.getOutputStream().write(bytes.getBytes(ISO_8859_1));
      if (!in.readRaw(bytes.length()).equals(bytes)) {
        return false;
      }
      socket.shutdownOutput();
      return in.read() < 0;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private void send(List<Step> steps, Pace pace) {
    try {
      OutputStream out = socket.getOutputStream();
      for (Step step : steps) {
        switch (step) {
          case Step.Send(String bytes) -> pace.write(out, bytes.getBytes(ISO_8859_1));
          case Step.Await() -> arrived.acquire();
          case Step.HalfClose() -> socket.shutdownOutput();
        }
      }
    } catch (IOException e) {
      // The proxy closed before it had everything; what the client read tells whether it might.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private End read(CorpusCase corpusCase, List<Received> responses) throws IOException {
    int finals = 0;
    while (!mayStop(corpusCase, responses, finals)) {
      Received response = new Received(0);
      try {
        if (!in.readResponse(response, corpusCase.answersHead(finals))) {
          return End.CLOSED;
        }
        responses.add(response);
        finals += response.isInformational() ? 0 : 1;
        arrived.release();
      } catch (StrictReader.Doubt e) {
        response.doubt = e.getMessage();
        responses.add(response);
        return End.OPEN;
      } catch (EOFException e) {
        responses.add(response);
        return End.CLOSED;
      } catch (SocketTimeoutException e) {
        if (response.progress != Received.Progress.NOTHING) {
          responses.add(response);
        }
        return End.TIMEOUT;
      } catch (SocketException e) {
        if (response.progress != Received.Progress.NOTHING) {
          responses.add(response);
        }
        return End.RESET;
      }
    }
    return End.OPEN;
  }

  /** Whether some outcome that leaves the connection open has all its responses. */
  private static boolean mayStop(CorpusCase corpusCase, List<Received> responses, int finals) {
    return corpusCase.outcomes().stream()
        .anyMatch(outcome -> leavesOpen(outcome, responses) && finals == finals(outcome));
  }

  private static boolean leavesOpen(Outcome outcome, List<Received> responses) {
    return switch (outcome.ending()) {
      case KEEP -> !saysClose(responses);
      case EITHER -> !saysClose(responses);
      case TUNNEL -> true;
      case CLOSE, CUT -> false;
    };
  }

  static boolean saysClose(List<Received> responses) {
    return !responses.isEmpty()
        && responses.getLast().values("Connection").stream().anyMatch("close"::equalsIgnoreCase);
  }

  private static long finals(Outcome outcome) {
    return outcome.items().stream().filter(Item::isFinal).count();
  }
}
