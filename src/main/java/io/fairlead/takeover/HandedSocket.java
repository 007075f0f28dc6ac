package io.fairlead.takeover;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * A socket that goes from one process to the next.
 *
 * @param listener whose it is
 * @param datagrams UDP; otherwise it listens for TCP
 * @param address as configured
 * @param bound as the kernel says
 * @param descriptor in the process that reads this; never sent, since it means nothing elsewhere
 */
@JsonIgnoreProperties(value = "descriptor")
public record HandedSocket(
    String listener, boolean datagrams, String address, String bound, int descriptor) {
  HandedSocket withDescriptor(int own) {
    return new HandedSocket(listener, datagrams, address, bound, own);
  }
}
