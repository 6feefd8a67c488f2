#pragma once

// The halves of CLIENT LIST and CLIENT KILL: what each lane does with its own connections, and how
// the connection's lane makes one reply of that.

#include "shard/command.h"

namespace corelane::shard {

void ClientList(CommandContext& context);
void MergeClientList(MergeContext& context);
void ClientKill(CommandContext& context);
void MergeClientKill(MergeContext& context);

}  // namespace corelane::shard
