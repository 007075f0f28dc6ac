package io.fairlead.takeover;

import java.io.IOException;
import java.util.List;

/** The running instance, as the takeover sees it. Called on one virtual thread. */
public interface Predecessor {
  /**
   * A successor has come: from now on nothing about the sockets changes.
   *
   * @throws IOException if this is not the moment, with the reason
   */
  List<HandedSocket> sockets() throws IOException;

  /** The successor is ready: shuts the admin door, and says what is known. */
  HandedState letGo();

  /** The successor has failed: everything goes on as before. */
  void resume(String why);

  /**
   * The successor serves.
   *
   * @param pid its process
   */
  void replaced(long pid);
}
