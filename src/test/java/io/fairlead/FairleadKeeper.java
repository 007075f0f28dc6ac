package io.fairlead;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Three instances of ours, as the example says; clients come by one that is not hurt. */
final class FairleadKeeper implements KeptDatabase {
  private final ManagedGroup orders;
  private volatile Instance through;
  private List<ProcessHandle> frozen = List.of();

  FairleadKeeper(Path folder) throws Exception {
    orders = new ManagedGroup(folder);
    through = orders.group.get(0);
  }

  @Override
  public PostgresqlLogin open() throws IOException {
    return orders.writer(through);
  }

  @Override
  public int awaitWhole() throws Exception {
    Instance primary = orders.awaitWhole();
    through = orders.other(primary, orders.awaitAside(primary));
    return primary.number;
  }

  @Override
  public void killServer(int machine) throws Exception {
    ProcessHandle server = orders.server(orders.group.get(machine)).getFirst();
    boolean _ = server.destroyForcibly();
  }

  @Override
  public void freeze(int machine) throws Exception {
    Instance instance = orders.group.get(machine);
    frozen = orders.server(instance);
    instance.signal("STOP");
    Signals.send("STOP", frozen);
  }

  @Override
  public void thaw(int machine) throws Exception {
    Signals.send("CONT", frozen);
    orders.group.get(machine).signal("CONT");
  }

  @Override
  public void lose(int machine) throws Exception {
    Instance instance = orders.group.get(machine);
    List<ProcessHandle> server = orders.server(instance);
    instance.kill();
    Signals.send("KILL", server);
  }

  @Override
  public void start(int machine) throws Exception {
    orders.group.get(machine).start();
  }

  @Override
  public void close() throws IOException {
    orders.close();
  }
}
