import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A proxy's process asked the same by HTTP/2 with TLS: what HTTP/3 costs more, within a round. */
record ByHttp2(Peer proxy) implements Peer {
  static final String SUFFIX = "-h2";

  @Override
  public String name() {
    return proxy.name() + SUFFIX;
  }

  @Override
  public int port() {
    return proxy.port();
  }

  @Override
  public int port(Row.Front front) {
    return proxy.port(front);
  }

  @Override
  public boolean speaks(Row.Front front) {
    return front == Row.Front.HTTP3;
  }

  @Override
  public Row.Front asked(Row.Front front) {
    return Row.Front.HTTP2_TLS;
  }

  @Override
  public Peer started() {
    return proxy;
  }

  @Override
  public void ready(Path work, Row.Front front) throws IOException, InterruptedException {
    proxy.ready(work, front);
  }

  @Override
  public List<String> prepare(Path work, Nodes nodes) throws IOException {
    throw new IOException("it is started as " + proxy.name());
  }
}
