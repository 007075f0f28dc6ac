package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.proxy.http.CorpusCase.Answer;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * A node on loopback that takes every request apart strictly, keeps it, and answers by script.
 *
 * <p>A connection belongs to the script that was being played when it was accepted, so whatever
 * arrives late is still counted to the right case. The request {@code GET /fence} is not kept; the
 * runner uses it to see that everything before it has been dealt with.
 */
final class ScriptedNode implements AutoCloseable {

  static final String FENCE = "GET /fence HTTP/1.1\r\nHost: fence.example\r\n\r\n";

  /** How long a connection may be silent; longer than any test waits for an answer. */
  private static final int SILENCE_MILLIS = 20_000;

  private final ServerSocket server;
  private volatile Play play = new Play(List.of(), Pace.WHOLE);

  ScriptedNode() throws IOException {
    server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("scripted node").start(this::accept);
  }

  InetSocketAddress address() {
    return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
  }

  /** From now on answers with {@code answers} and keeps what arrives in the play returned. */
  Play play(List<Answer> answers, Pace pace) {
    Play next = new Play(answers, pace);
    play = next;
    return next;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(SILENCE_MILLIS);
        play.serve(socket);
      } catch (IOException e) {
        if (!server.isClosed()) {
          throw new java.io.UncheckedIOException(e);
        }
      }
    }
  }

  /** One script and everything that arrived while it was played. */
  static final class Play {
    private final List<Answer> answers;
    private final Pace pace;
    private final List<Received> requests = new ArrayList<>();
    private final List<Connection> connections = new ArrayList<>();
    private int lastFence = -1;

    private Play(List<Answer> answers, Pace pace) {
      this.answers = answers;
      this.pace = pace;
    }

    /** What arrived, in order; the last may lack its end. Complete only after {@link #end}. */
    synchronized List<Received> requests() {
      return List.copyOf(requests);
    }

    /** The number of the connection over which the last fence came, -1 for none. */
    synchronized int lastFence() {
      return lastFence;
    }

    /** Whether the proxy ends connection {@code number} by itself within the time given. */
    boolean isClosedByProxy(int number, long millis) {
      return connections().get(number).ends(millis);
    }

    /**
     * Closes every connection and waits until the proxy has closed them too.
     *
     * @return how many the proxy kept open
     */
    int end(long millis) {
      List<Connection> all = connections();
      all.forEach(Connection::finish);
      int kept = 0;
      for (Connection connection : all) {
        if (!connection.ends(millis)) {
          kept++;
          connection.abort();
        }
      }
      return kept;
    }

    private synchronized List<Connection> connections() {
      return List.copyOf(connections);
    }

    private synchronized void serve(Socket socket) {
      Connection connection = new Connection(this, socket, connections.size());
      connections.add(connection);
      Thread.ofVirtual().name("scripted node connection").start(connection::run);
    }

    /** Keeps a request; returns the answer for it. */
    private synchronized Answer keep(Received request) {
      requests.add(request);
      return requests.size() <= answers.size() ? answers.get(requests.size() - 1) : Answer.OK;
    }

    private synchronized void fence(int connection) {
      lastFence = connection;
    }
  }

  /** One connection of the proxy to the node. */
  private static final class Connection {
    private static final Answer FENCE_ANSWER =
        new Answer(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfence",
            Answer.Start.AFTER_BODY,
            Answer.Then.KEEP);

    private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(ISO_8859_1);

    private final Play play;
    private final Socket socket;
    private final int number;
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    private Connection(Play play, Socket socket, int number) {
      this.play = play;
      this.socket = socket;
      this.number = number;
    }

    void run() {
      try (socket) {
        StrictReader in = new StrictReader(socket.getInputStream());
        while (serveOne(in)) {}
      } catch (IOException e) {
        // A reset ends a connection as well as a close does.
      } finally {
        ended.complete(true);
      }
    }

    /** Whether the connection ends, by whomever, within the time given. */
    boolean ends(long millis) {
      try {
        return ended.copy().completeOnTimeout(false, millis, TimeUnit.MILLISECONDS).join();
      } catch (CompletionException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Says that nothing more will come. */
    void finish() {
      try {
        if (!socket.isOutputShutdown()) {
          socket.shutdownOutput();
        }
      } catch (IOException e) {
        // It has ended already, which is all that is wanted.
      }
    }

    void abort() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    private boolean serveOne(StrictReader in) throws IOException {
      Received request = new Received(number);
      boolean kept = false;
      try {
        if (!in.readRequestHead(request)) {
          return false;
        }
        boolean fence = request.start.equals("GET /fence HTTP/1.1");
        Answer answer = fence ? FENCE_ANSWER : play.keep(request);
        kept = true;
        if (fence) {
          play.fence(number);
        }
        switch (answer.start()) {
          case AFTER_BODY -> in.readRequestBody(request);
          case EARLY -> {
            send(answer);
            in.readRequestBody(request);
            return goOn(in, answer);
          }
          case CONTINUE -> {
            play.pace.write(socket.getOutputStream(), CONTINUE);
            in.readRequestBody(request);
          }
        }
        send(answer);
        return goOn(in, answer);
      } catch (StrictReader.Doubt e) {
        request.doubt = e.getMessage();
        return false;
      } catch (EOFException | SocketException | SocketTimeoutException e) {
        return false;
      } finally {
        if (!kept && request.progress != Received.Progress.NOTHING) {
          play.keep(request);
        }
      }
    }

    private void send(Answer answer) throws IOException {
      OutputStream out = socket.getOutputStream();
      play.pace.write(out, answer.bytes().getBytes(ISO_8859_1));
      switch (answer.then()) {
        case KEEP -> {}
        case CLOSE -> socket.shutdownOutput();
        case RESET -> {
          socket.setSoLinger(true, 0);
          socket.close();
        }
      }
    }

    private boolean goOn(StrictReader in, Answer answer) throws IOException {
      if (answer.bytes().startsWith("HTTP/1.1 101 ") && !socket.isOutputShutdown()) {
        OutputStream out = socket.getOutputStream();
        for (byte[] some = in.readSome(); some.length > 0; some = in.readSome()) {
          out.write(some);
        }
        return false;
      }
      return answer.then() != Answer.Then.RESET;
    }
  }
}
