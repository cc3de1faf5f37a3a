# Starts one program at a time for the runner and waits until nothing of it is left. See helper.ts for why it exists.
#
#   perl fork-helper.pl <number of prctl(2) here, or 0> <number of setsid(2), or 0> <number of setitimer(2), or 0>
#     <number of dup3(2), or 0> [<file of the lease>]
#
# It writes `ready <1 if it adopts orphans, else 0>`, then for each request on standard input either
# `refused <what> <errno>` or `started <pid>` and later `ended <wait status>`.
# A request is its length in bytes, a newline, then fields joined by NUL: cwd, stdin, stdout, stderr, the number of
# environment entries that differ from the program before, the number of names that it alone had, these entries as
# NAME=value, these names, argv. No field is ever read by a shell.
#
# Every page that is written between fork(2) and execve(2) is copied first, and every module makes more of them: so none
# is loaded where the numbers are known. And whoever is woken costs more than what it is told, so a program that ends at
# once has both its lines in one breath.
use strict;

my ($prctl, $setsid, $setitimer, $dup3, $lease) = @ARGV;
my ($PR_SET_PDEATHSIG, $PR_SET_CHILD_SUBREAPER) = (1, 36);
my ($SIGTERM, $WNOHANG, $EINTR) = (15, 1, 4);    # the same numbers on Linux, macOS and the BSDs
my $AT_ONCE = 5_000;    # microseconds that the runner waits to hear of a program that has not ended
my $runner = getppid();
my $helper = $$;
# Of the program: its process, the pipe that tells whether exec(2) was refused, whether its beginning was told.
my ($main, $outcome, $refused, $gentle);
my $told = 1;
my ($orders, $words) = (\*STDIN, \*STDOUT);
require POSIX unless $setsid && $dup3;

# The runner has died without a word (kill -9): end what runs, then this. The kernel sends this TERM.
$SIG{TERM} = sub { exit 1 if $$ != $helper; $gentle = 0; kill_rest(); reap_rest(); exit 1 };
# The runner has sent TERM to the group: what is left when the program ends may still take its time...
$SIG{USR1} = sub { $gentle = 1 };
# ...until now. It comes again and again: Perl may miss the first one while it enters waitpid.
$SIG{USR2} = sub { $gentle = 0; kill_rest() };
# The program has not ended at once. And later: the runner may be stopped while its lease passes, and the program must
# not outlive that (lease-file.ts).
$SIG{ALRM} = sub {
  return watch_lease() if $told;
  wake_every(defined $lease ? 1 : 0, 0);
  syswrite $words, beginning();
};
# The runner's end must not be the end of this while a program runs. Not ignored: that would be handed on by exec, and
# what is caught becomes the default.
$SIG{PIPE} = sub { };

# What the server was started with by mistake is not the tasks' business.
if (opendir my $open, '/dev/fd') {
  my @open = grep { /^\d+$/ && $_ > 2 } readdir $open;
  closedir $open;
  for my $fd (@open) {
    open my $file, '<&=', $fd or next;
    close $file;
  }
}

open my $null, '<', '/dev/null' or exit 1;
my $mask = umask 077;    # the files that outputs go to are nobody else's
chdir '/';

my $adopts = 0;
if ($prctl) {
  # Orphans of the program become children of this process, however they left its group: a double fork or setsid
  # does not hide them, nor does an empty environment.
  $adopts = syscall($prctl, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 1 : 0;
  syscall($prctl, $PR_SET_PDEATHSIG, $SIGTERM, 0, 0, 0);
  exit 1 if getppid() != $runner;    # it died before the line above
}
syswrite $words, "ready $adopts\n";

while (defined(my $request = next_request())) {
  my ($cwd, $in, $out, $err, $changed, $gone, @rest) = split /\0/, $request, -1;
  set_environment([splice @rest, 0, $changed], [splice @rest, 0, $gone]);
  ($told, $refused, $gentle) = (0, '', 0);
  my $refusal = start($cwd, $in, $out, $err, \@rest);
  if (defined $refusal) {
    syswrite $words, "refused $refusal\n";
    next;
  }
  $setitimer ? wake_every(0, $AT_ONCE) : syswrite $words, beginning();
  my $status = wait_for_main();
  # Its number is free since a moment ago, unless somebody is left in its group; it is not given again within a moment,
  # for numbers are given in turn.
  kill 'KILL', -$main unless $gentle;
  reap_rest();
  my $beginning = beginning();
  wake_every(0, 0);
  undef $main;
  syswrite $words, $refused eq '' ? "${beginning}ended $status\n" : $beginning;
}

sub set_environment {
  my ($changed, $gone) = @_;
  for my $entry (@$changed) {
    my ($name, $value) = split /=/, $entry, 2;
    $ENV{$name} = $value;
  }
  delete @ENV{@$gone};
}

# Forks. Returns what could not be done before that; whether the rest could, $outcome tells.
sub start {
  my ($cwd, $in, $out, $err, $argv) = @_;
  my $source = $null;
  if ($in ne '/dev/null') { undef $source; open $source, '<', $in or return 'stdin ' . ($! + 0) }
  open my $output, '>>', $out or return 'output ' . ($! + 0);
  my $complaints = $output;
  if ($err ne $out) { undef $complaints; open $complaints, '>>', $err or return 'output ' . ($! + 0) }
  my @files = map { fileno $_ } $source, $output, $complaints;
  pipe($outcome, my $write) or return 'pipe ' . ($! + 0);
  my $pid = fork();
  return 'fork ' . ($! + 0) unless defined $pid;
  if ($pid == 0) {
    $setsid ? syscall($setsid) : POSIX::setsid();
    umask $mask;
    # Perl closes all others on exec.
    for my $fd (0 .. 2) { $dup3 ? syscall($dup3, $files[$fd], $fd, 0) : POSIX::dup2($files[$fd], $fd) }
    my $step = chdir $cwd ? 'exec' : 'cwd';
    exec { $argv->[0] } @$argv if $step eq 'exec';
    syswrite $write, "$step " . ($! + 0);
    kill 'KILL', $$;    # not exit: what is to be done at the end of this is not the child's to do
  }
  $main = $pid;
  return undef;
}

# The line that tells of the beginning of the program, or nothing when that was told. Waits for its exec(2): whoever
# hears `started` may signal the whole group.
sub beginning {
  return '' if $told++;
  while (1) {
    my $got = sysread $outcome, $refused, 64, length $refused;
    last if defined $got ? $got == 0 : $! != $EINTR;
  }
  return $refused eq '' ? "started $main\n" : "refused $refused\n";
}

# Again and again, for the reason that USR2 comes so, and since a process may be forked while the others are killed.
sub wake_every {
  my ($seconds, $micros) = @_;
  syscall($setitimer, 0, pack('l!4', $seconds, $micros, $seconds, $micros), 0) if $setitimer;
}

sub watch_lease {
  return if !defined $lease || lease_left() >= 0;
  $gentle = 0;
  kill_rest();
}

# In seconds. Where it cannot be told it is the runner's alone to watch.
sub lease_left {
  my ($until, $now) = map {
    my $text;
    if (open my $file, '<', $_) { $text = <$file> }
    defined $text && $text =~ /^(\d+\.\d+)/ ? $1 : undef;
  } $lease, '/proc/uptime';
  return defined $until && defined $now ? $until - $now : 0;
}

# Reaps adopted orphans on the way.
sub wait_for_main {
  while (1) {
    my $pid = waitpid(-1, 0);
    return $? if $pid == $main;
    return 0 if $pid == -1;
  }
}

# Returns when all children, born or adopted, are gone and reaped: at once when there are none.
sub reap_rest {
  while (1) {
    my $pid = waitpid(-1, $WNOHANG);
    return if $pid == -1;
    next if $pid > 0;
    kill_rest() unless $gentle;
    return if waitpid(-1, 0) == -1;
  }
}

# Kills every child, those in the program's group all at once. The number of a child that was not reaped, and of a
# group that it is in, is given to nobody else, so no stranger is hit.
sub kill_rest {
  opendir my $proc, '/proc' or return defined $main && kill 'KILL', -$main;
  for my $pid (grep { /^\d+$/ } readdir $proc) {
    open my $file, '<', "/proc/$pid/stat" or next;
    local $/;
    my $stat = <$file>;
    next unless defined $stat && $stat =~ /^.*\) \S (\d+) (\d+)/s && $1 == $$;
    kill 'KILL', defined $main && $2 == $main ? -$main : $pid;
  }
}

my $pending;
sub next_request {
  $pending = '' unless defined $pending;
  while (1) {
    if ($pending =~ /^(\d+)\n/) {
      my ($header, $length) = (length($1) + 1, $1);
      if (length($pending) >= $header + $length) {
        my $request = substr $pending, $header, $length;
        $pending = substr $pending, $header + $length;
        return $request;
      }
    }
    my $got = sysread $orders, $pending, 65536, length $pending;
    return undef if defined $got ? $got == 0 : $! != $EINTR;
  }
}
