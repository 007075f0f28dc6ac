import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The same process as Fairlead's with records off: what they cost, in the same compiled code. */
record Unrecorded(FairleadProxy fairlead) implements Peer {
  static final String NAME = "unrecorded";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int port() {
    return fairlead.port();
  }

  @Override
  public boolean speaks(Row.Front front) {
    return front == Row.Front.LOGGED;
  }

  @Override
  public Peer started() {
    return fairlead;
  }

  @Override
  public List<String> prepare(Path work, Nodes nodes) throws IOException {
    throw new IOException("it is started as Fairlead");
  }

  @Override
  public void ready(Path work, Row.Front front) throws IOException, InterruptedException {
    fairlead.record(work, false);
  }

  @Override
  public String logProblem(Path work, long sizeBefore, double requests) {
    return "";
  }
}
