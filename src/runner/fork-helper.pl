# Starts one program at a time for the runner and waits until nothing of it is left. See helper.ts for why it exists.
#
#   perl fork-helper.pl <number of prctl(2) here, or 0> <number of setsid(2), or 0> <number of setitimer(2), or 0>
#     <number of clone(2), or 0> [<file of the lease>]
#
# It writes `ready <1 if it adopts orphans, else 0>`, then for each request on standard input either
# `refused <what> <errno>` or `started <pid>` and later `ended <wait status>`.
# A request is its length in bytes, a newline, then fields joined by NUL: cwd, stdin, stdout, stderr, the number of
# environment entries that differ from the program before, the number of names that it alone had, these entries as
# NAME=value, these names, argv. No field is ever read by a shell.
#
# Every page that is written between fork(2) and execve(2) is copied first, and every module makes more of them: so none
# is loaded where the numbers are known, and files, directory and environment are the helper's own before it forks.
use strict;

my ($prctl, $setsid, $setitimer, $clone, $lease) = @ARGV;
my ($PR_SET_PDEATHSIG, $PR_SET_CHILD_SUBREAPER) = (1, 36);
my ($CLONE_VFORK, $SIGCHLD) = (0x4000, 17);
my ($SIGTERM, $WNOHANG, $EINTR) = (15, 1, 4);    # the same numbers on Linux, macOS and the BSDs
my $runner = getppid();
my $helper = $$;
my ($main, $gentle);
my $stdin = '';    # what standard input is
require POSIX unless $setsid;

# The runner has died without a word (kill -9): end what runs, then this. The kernel sends this TERM.
$SIG{TERM} = sub { exit 1 if $$ != $helper; $gentle = 0; kill_rest(); reap_rest(); exit 1 };
# The runner has sent TERM to the group: what is left when the program ends may still take its time...
$SIG{USR1} = sub { $gentle = 1 };
# ...until now. It comes again and again: Perl may miss the first one while it enters waitpid.
$SIG{USR2} = sub { $gentle = 0; kill_rest() };
# The runner may be stopped while its lease passes, and the program must not outlive that (lease-file.ts).
$SIG{ALRM} = sub { watch_lease() };
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

# Standard input, output and error are those of the program that is started next. Perl closes all others on exec.
open my $orders, '<&', \*STDIN or exit 1;
open my $words, '>&', \*STDOUT or exit 1;
open my $complaints, '>&', \*STDERR or exit 1;
leave_files();

my $adopts = 0;
if ($prctl) {
  # Orphans of the program become children of this process, however they left its group: a double fork or setsid
  # does not hide them, nor does an empty environment.
  $adopts = syscall($prctl, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 1 : 0;
  syscall($prctl, $PR_SET_PDEATHSIG, $SIGTERM, 0, 0, 0);
  exit 1 if getppid() != $runner;    # it died before the line above
}
say_line("ready $adopts");

while (defined(my $request = next_request())) {
  my ($cwd, $in, $out, $err, $changed, $gone, @rest) = split /\0/, $request, -1;
  for my $entry (splice @rest, 0, $changed) {
    my ($name, $value) = split /=/, $entry, 2;
    $ENV{$name} = $value;
  }
  delete @ENV{splice @rest, 0, $gone};
  $gentle = 0;
  my $refusal = enter($cwd, $in, $out, $err) // start(\@rest);
  leave_files();
  if (defined $refusal) {
    say_line("refused $refusal");
    next;
  }
  say_line("started $main");
  every_second(1);
  my $status = wait_for_main();
  # Its number is free since a moment ago, unless somebody is left in its group; it is not given again within a moment,
  # for numbers are given in turn.
  kill 'KILL', -$main unless $gentle;
  reap_rest();
  undef $main;
  every_second(0);
  say_line("ended $status");
}

# Makes this process what the program is to be. Returns what could not be done.
sub enter {
  my ($cwd, $in, $out, $err) = @_;
  if ($in ne $stdin) {
    $stdin = '';
    open STDIN, '<', $in or return 'stdin ' . ($! + 0);
    $stdin = $in;
  }
  my $mask = umask 077;
  my $opened = open(STDOUT, '>>', $out) && ($err eq $out ? open(STDERR, '>&', \*STDOUT) : open(STDERR, '>>', $err));
  my $errno = $! + 0;
  umask $mask;
  return "output $errno" unless $opened;
  chdir $cwd or return 'cwd ' . ($! + 0);
  return undef;
}

# Nothing of a program is held on to when it has been started: a pipe has no end as long as somebody could write.
sub leave_files {
  if ($stdin ne '/dev/null') {
    open STDIN, '<', '/dev/null';
    $stdin = '/dev/null';
  }
  open STDOUT, '>&', $complaints;
  open STDERR, '>&', $complaints;
  chdir '/';
}

# Forks and waits for exec(2). The pipe closes by itself on success, so the program then has its own session: whoever
# hears `started` may signal the whole group.
sub start {
  my ($argv) = @_;
  pipe(my $read, my $write) or return 'pipe ' . ($! + 0);
  # Each has memory of its own, as after fork(2), but this process does not go on before exec(2): what it writes while
  # pages are shared would be copied, too.
  my $pid = $clone ? syscall($clone, $CLONE_VFORK | $SIGCHLD, 0, 0, 0, 0) : fork() // -1;
  return 'fork ' . ($! + 0) if $pid == -1;
  if ($pid == 0) {
    $setsid ? syscall($setsid) : POSIX::setsid();
    exec { $argv->[0] } @$argv;
    syswrite $write, 'exec ' . ($! + 0);
    kill 'KILL', $$;    # not exit: what is to be done at the end of this is not the child's to do
  }
  close $write;
  my $refusal = '';
  while (1) {
    my $got = sysread $read, $refusal, 64, length $refusal;
    last if defined $got ? $got == 0 : $! != $EINTR;
  }
  if ($refusal ne '') {
    waitpid $pid, 0;
    return $refusal;
  }
  $main = $pid;
  return undef;
}

# Again and again, for the reason that USR2 comes so, and since a process may be forked while the others are killed.
sub every_second {
  my ($seconds) = @_;
  syscall($setitimer, 0, pack('l!4', $seconds, 0, $seconds, 0), 0) if $setitimer && defined $lease;
}

sub watch_lease {
  return if lease_left() >= 0;
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
    my $end = index $pending, "\n";
    if ($end > 0) {
      my ($header, $length) = ($end + 1, substr $pending, 0, $end);
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

sub say_line { syswrite $words, "$_[0]\n" }
