"""Behaviour beside what the shared cases show, one row each: what begins, what a person and the world
do, what is open in between, and whether the first case has ended.

A step is `name` or `name(x=1)` (complete that task), `!m` (a message), `~g` (a signal), `+PT1H` (time),
`set x=1` (variables of every case), `= a b` (exactly these tasks are open), `!!m` (nobody waits).
"""

from dataclasses import dataclass, field
from typing import Any

from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    catch,
    compensate,
    conditional,
    end,
    error,
    escalation,
    event_sub,
    extension,
    flows,
    message,
    node,
    process,
    several,
    signal,
    start,
    sub,
    throw,
    timer,
    undoable,
    user,
    xor,
)


@dataclass(frozen=True)
class Row:
    """One behaviour."""

    name: str
    files: list[tuple[str, bytes]]
    steps: list[str]
    ended: bool = True
    data: dict[str, Any] = field(default_factory=dict)
    message: str | None = None
    signal: str | None = None


ROWS: list[Row] = []
CANCEL, TERMINATE = "<cancelEventDefinition/>", "<terminateEventDefinition/>"


def case(
    name: str,
    files: tuple[str, bytes] | list[tuple[str, bytes]],
    steps: list[str],
    data: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    ROWS.append(
        Row(name, files if isinstance(files, list) else [files], steps, data=data or {}, **more)
    )


def times(number: int | str, **attributes: Any) -> str:
    return several(str(number), **attributes)


def both(id: str) -> str:
    return node("parallelGateway", id)


def some(id: str, **attributes: str) -> str:
    return node("inclusiveGateway", id, **attributes)


def first(id: str) -> str:
    return node("eventBasedGateway", id)


def call(id: str, called: str, *inside: str, **attributes: str) -> str:
    return node("callActivity", id, *inside, calledElement=called, **attributes)


def transaction(id: str, *inside: str) -> str:
    return node("transaction", id, *inside)


# fmt: off

# errors
case('err inner sub caught by outer sub', process(start(),sub('o',start('s1'),sub('i',start('s2'),user('t'),end('x',error('E1')),flows('s2 t','t x')),user('n'),flows('s1 i','i n')),boundary('b','o',error('E1')),user('c'),user('d'),flows('s o','o d','b c'),head=HEAD),['=t','t','=c','c'])
case('err concurrent embedded', process(start(),sub('o',start('s1'),node('parallelGateway','f'),user('a'),user('b'),end('x',error('E1')),end('y'),flows('s1 f','f a','f b','a x','b y')),boundary('bd','o',error('E1')),user('c'),user('d'),flows('s o','o d','bd c'),head=HEAD),['=a b','a','=c','c'])
case('err on call', [process(start(),call('c','child'),boundary('b','c',error('E1')),user('h'),user('n'),flows('s c','c n','b h'),head=HEAD),process(start(),user('t'),end('x',error('E1')),flows('s t','t x'),id='child',head=HEAD)],['=t','t','=h','h'])
case('err on call caught outer sub', [process(start(),sub('o',start('s1'),call('c','child'),user('n'),flows('s1 c','c n')),boundary('b','o',error('E1')),user('h'),flows('s o','b h'),head=HEAD),process(start(),user('t'),end('x',error('E1')),flows('s t','t x'),id='child',head=HEAD)],['t','=h','h'])
case('err from call in call', [process(start(),call('c','mid'),boundary('b','c',error('E1')),user('h'),flows('s c','b h'),head=HEAD),process(start(),call('c2','child'),flows('s c2'),id='mid'),process(start(),user('t'),end('x',error('E1')),flows('s t','t x'),id='child',head=HEAD)],['t','=h','h'])
case('err boundary catchall no ref', process(start(),sub('o',start('s1'),user('t'),end('x',error('E1')),flows('s1 t','t x')),boundary('b','o',error()),user('h'),flows('s o','b h'),head=HEAD),['t','=h','h'])
case('err seq MI', process(start(),sub('o',times(3,sequential=True),start('s1'),user('t'),end('x',error('E1')),flows('s1 t','t x')),boundary('b','o',error('E1')),user('h'),user('n'),flows('s o','o n','b h'),head=HEAD),['=t','t','=h','h'])
case('err event sub in concurrent sub', process(start(),node('parallelGateway','f'),flows('s f','f o','f w'),user('w'),sub('o',start('s1'),user('t'),end('x',error('E1')),flows('s1 t','t x'),event_sub('es',start('es1',error('E1')),user('h'),flows('es1 h'))),head=HEAD),['=t w','t','=h w','h','w'])
case('err event sub in process from call', [process(start(),call('c','child'),event_sub('es',start('es1',error('E1')),user('h'),flows('es1 h')),flows('s c'),head=HEAD),process(start(),user('t'),end('x',error('E1')),flows('s t','t x'),id='child',head=HEAD)],['t','=h','h'])
case('err rethrown from event sub goes out', process(start(),sub('o',start('s1'),user('t'),end('x',error('E1')),flows('s1 t','t x'),event_sub('es',start('es1',error('E1')),user('h'),end('x2',error('E1')),flows('es1 h','h x2'))),boundary('b','o',error('E1')),user('c'),flows('s o','b c'),head=HEAD),['t','=h','h','=c','c'])
case('err different code specific', process(start(),sub('o',start('s1'),user('t'),end('x',error('E2')),flows('s1 t','t x')),boundary('b1','o',error('E1')),boundary('b2','o',error('E2')),user('h1'),user('h2'),flows('s o','b1 h1','b2 h2'),head=HEAD),['t','=h2','h2'])

# timers
case('timer multiple on user', process(start(),user('t'),boundary('b1','t',after('PT1H')),boundary('b2','t',after('PT2H')),boundary('b3','t',after('PT3H')),user('x1'),user('x2'),user('x3'),user('n'),flows('s t','t n','b1 x1','b2 x2','b3 x3'),head=HEAD),['+PT90M','=x1','+PT5H','=x1','x1'])
case('timer nonint join', process(start(),user('t'),boundary('b','t',after('PT1H'),interrupting=False),user('r'),node('parallelGateway','j'),user('z'),flows('s t','t j','b r','r j','j z')),['+PT61M','=r t','t','=r','r','=z','z'])
case('timer on nested sub', process(start(),sub('o',start('s1'),sub('i',start('s2'),user('t'),flows('s2 t')),boundary('b2','i',after('PT2H')),user('bi'),flows('s1 i','b2 bi')),boundary('b1','o',after('PT1H')),user('bo'),flows('s o','b1 bo')),['+PT61M','=bo','bo'])
case('timer inner of nested sub', process(start(),sub('o',start('s1'),sub('i',start('s2'),user('t'),flows('s2 t')),boundary('b2','i',after('PT1H')),user('bi'),flows('s1 i','b2 bi')),boundary('b1','o',after('PT2H')),user('bo'),flows('s o','b1 bo')),['+PT61M','=bi','+PT1H','=bo','bo'])
case('timer nonint MI', process(start(),user('t',times(3)),boundary('b','t',after('PT1H'),interrupting=False),user('r'),user('n'),flows('s t','t n','b r')),['=t t t','+PT61M','=r t t t','t','t','t','=n r','n','r'])
case('timer on receive', process(start(),node('receiveTask','rt',messageRef='m'),boundary('b','rt',after('PT1H'),interrupting=False),user('r'),user('n'),flows('s rt','rt n','b r'),head=HEAD),['+PT61M','=r','!m','=n r','n','r'])
case('timer nonint cycle ends w task', process(start(),user('t'),boundary('b','t',timer('timeCycle','R3/PT1H'),interrupting=False),user('r'),flows('s t','b r')),['+PT61M','=r t','+PT1H','=r r t','+PT1H','=r r r t','+PT5H','=r r r t','t','r','r','r'])
case('timer on call', [process(start(),call('c','child'),boundary('b','c',after('PT1H')),user('h'),flows('s c','b h')),process(start(),user('t'),flows('s t'),id='child')],['=t','+PT61M','=h','h'])
case('timer catch date', process(start(),catch('c',timer('timeDate','2026-01-01T10:00:00Z')),user('z'),flows('s c','c z')),['=','+PT3H','=z','z'])
case('timer catch var', process(start(),catch('c',timer('timeDuration','${d}')),user('z'),flows('s c','c z')),['=','+PT3H','=z','z'],data={'d':'PT2H'})
case('timer catch cycle (fires once)', process(start(),catch('c',timer('timeCycle','R3/PT1H')),user('z'),flows('s c','c z')),['=','+PT61M','=z','z'])
case('timer event sub int', process(start(),user('t'),flows('s t'),event_sub('es',start('e1',after('PT1H')),user('h'),flows('e1 h'))),['+PT61M','=h','h'])
case('timer event sub nonint', process(start(),user('t'),flows('s t'),event_sub('es',start('e1',after('PT1H'),isInterrupting='false'),user('h'),flows('e1 h'))),['+PT61M','=h t','t','=h','h'])

# multi instance
case('MI seq users', process(start(),user('t',times(3,sequential=True)),user('z'),flows('s t','t z')),['=t','t','=t','t','=t','t','=z','z'])
case('MI par sub nested par tasks', process(start(),sub('o',times(2),start('s1'),user('t',times(2)),flows('s1 t')),flows('s o')),['=t t t t','t','t','t','t'])
case('MI seq sub nested par', process(start(),sub('o',times(2,sequential=True),start('s1'),node('parallelGateway','f'),user('a'),user('b'),flows('s1 f','f a','f b')),flows('s o')),['=a b','a','b','=a b','a','b'])
case('MI collection', process(start(),user('t',several(collection='xs',elementVariable='x'),camunda_assignee='${x}'),flows('s t')),['=t t','t','t'],data={'xs':['a','b']})
case('MI zero', process(start(),user('t',times(0)),user('z'),flows('s t','t z')),['=z','z'])
case('MI empty coll sub', process(start(),sub('o',several(collection='xs'),start('s1'),user('t'),flows('s1 t')),user('z'),flows('s o','o z')),['=z','z'],data={'xs':[]})
case('MI call', [process(start(),node('callActivity','c',times(3),calledElement='child'),user('z'),flows('s c','c z')),process(start(),user('t'),flows('s t'),id='child')],['=t t t','t','t','t','=z','z'])
case('MI completion sub', process(start(),sub('o',several('3',until='${nrOfCompletedInstances == 2}'),start('s1'),user('t'),flows('s1 t')),user('z'),flows('s o','o z')),['t','=t t','t','=z','z'])
case('MI completion fraction', process(start(),user('t',several('5',until='${nrOfCompletedInstances/nrOfInstances >= 0.6 }')),user('z'),flows('s t','t z')),['t','t','=t t t','t','=z','z'])
case('MI timer', process(start(),user('t',times(3)),boundary('b','t',after('PT1H')),user('h'),user('z'),flows('s t','t z','b h')),['t','+PT61M','=h','h'])
case('MI message dbl boundary', process(start(),user('t',times(2)),boundary('b1','t',message('m1')),boundary('b2','t',message('m2')),user('h1'),user('h2'),user('z'),flows('s t','t z','b1 h1','b2 h2'),head=HEAD),['=t t','!m2','=h2','!!m1','h2'])
case('MI cardinality expr', process(start(),user('t',several('${n}')),flows('s t')),['=t t t','t','t','t'],data={'n':3})
case('MI sub with inner message', process(start(),sub('o',times(2),start('s1'),catch('c',message('m')),user('t'),flows('s1 c','c t')),flows('s o'),head=HEAD),['!m','=t','!m','=t t','t','t'])

# signal
case('signal catch boundary', process(start(),user('t'),boundary('b','t',signal('g')),user('h'),flows('s t','b h'),head=HEAD),['~g','=h','h'])
case('signal end to itself-event sub', process(start(),user('t'),end('x',signal('g')),flows('s t','t x'),head=HEAD),['t'])
case('signal nonint', process(start(),user('t'),boundary('b','t',signal('g'),interrupting=False),user('h'),user('n'),flows('s t','t n','b h'),head=HEAD),['~g','=h t','~g','=h h t','t','=h h n','n','h','h'])
case('signal many catch in one', process(start(),node('parallelGateway','f'),catch('c1',signal('g')),catch('c2',signal('g')),user('a'),user('b'),flows('s f','f c1','f c2','c1 a','c2 b'),head=HEAD),['=','~g','=a b','a','b'])
case('signal gateway', process(start(),node('eventBasedGateway','g0'),catch('c1',signal('g1')),catch('c2',signal('g2')),catch('c3',after('PT1H')),user('a'),user('b'),user('c'),flows('s g0','g0 c1','g0 c2','g0 c3','c1 a','c2 b','c3 c'),head=HEAD),['~g2','=b','~~g1','+PT2H','=b','b'])
case('signal name expression', process(start(),catch('c',signal('gx')),user('a'),flows('s c','c a'),head='<signal id="gx" name="sig-${v}"/>'),['~sig-1','=a','a'],data={'v':1})
case('signal event sub', process(start(),user('t'),flows('s t'),event_sub('es',start('e1',signal('g')),user('h'),flows('e1 h')),head=HEAD),['~g','=h','h'])
case('signal throw caught by parallel', process(start(),node('parallelGateway','f'),catch('c1',signal('g')),user('a'),user('w'),throw('t1',signal('g')),user('b'),flows('s f','f c1','f w','w t1','t1 b','c1 a'),head=HEAD),['=w','w','=a b','a','b'])
case('no continuation when signal interrupts throwing', process(start(),sub('o',start('s1'),user('w'),throw('t1',signal('g')),user('b'),flows('s1 w','w t1','t1 b')),boundary('bd','o',signal('g')),user('h'),flows('s o','bd h'),head=HEAD),['w','=h','h'])

# messages
case('msg boundary sub and inside', process(start(),sub('o',start('s1'),user('t'),boundary('b2','t',message('m2')),user('h2'),flows('s1 t','b2 h2')),boundary('b1','o',message('m1')),user('h1'),flows('s o','b1 h1'),head=HEAD),['!m2','=h2','!m1','=h1','h1'])
case('msg nonint twice', process(start(),user('t'),boundary('b','t',message('m'),interrupting=False),user('h'),flows('s t','b h'),head=HEAD),['!m','!m','=h h t','t','=h h','h','h'])
case('msg event sub int', process(start(),user('t'),user('n'),flows('s t','t n'),event_sub('es',start('e1',message('m')),user('h'),flows('e1 h')),head=HEAD),['!m','=h','!!m','h'])
case('msg event sub nonint many', process(start(),user('t'),flows('s t'),event_sub('es',start('e1',message('m'),isInterrupting='false'),user('h'),flows('e1 h')),head=HEAD),['!m','!m','=h h t','t','=h h','h','h'])
case('msg event sub in sub', process(start(),sub('o',start('s1'),user('t'),flows('s1 t'),event_sub('es',start('e1',message('m')),user('h'),flows('e1 h'))),user('n'),flows('s o','o n'),head=HEAD),['!m','=h','h','=n','!!m','n'])
case('msg start several', process(start('s1',message('m1')),start('s2',message('m2')),user('a'),user('b'),flows('s1 a','s2 b'),head=HEAD),['=b','b'],message='m2')
case('msg none+message start by none', process(start('s1'),start('s2',message('m2')),user('a'),user('b'),flows('s1 a','s2 b'),head=HEAD),['=a','a'])
case('msg concurrent intermediate', process(start(),node('parallelGateway','f'),catch('c1',message('m1')),catch('c2',message('m2')),node('parallelGateway','j'),user('z'),flows('s f','f c1','f c2','c1 j','c2 j','j z'),head=HEAD),['!m1','=','!m2','=z','z'])
case('msg name expr', process(start(),catch('c1',message('mx')),user('z'),flows('s c1','c1 z'),head='<message id="mx" name="a_${n}"/>'),['!a_7','=z','z'],data={'n':7})
case('receive boundary', process(start(),node('receiveTask','r',messageRef='m'),boundary('b','r',after('PT1H')),user('z'),user('h'),flows('s r','r z','b h'),head=HEAD),['+PT2H','=h','h'])
case('msg throw delivers to other branch', process(start(),node('parallelGateway','f'),catch('c1',message('m1')),user('w'),throw('t1',message('m1')),user('a'),flows('s f','f c1','f w','w t1','c1 a'),head=HEAD),['w','=a','a'])
case('msg sequential boundary after prev', process(start(),user('a'),user('b'),boundary('x','a',message('m')),boundary('y','b',message('m')),user('ha'),user('hb'),flows('s a','a b','x ha','y hb'),head=HEAD),['a','!m','=hb','hb'])

# compensation
case('comp sub by name', process(start(),sub('o',start('s1'),user('a'),undoable('a','ua'),flows('s1 a')),throw('t',compensate()),user('z'),flows('s o','o t','t z')),['a','=ua','ua','=z','z'])
case('comp activityRef', process(start(),user('a'),undoable('a','ua'),user('b'),undoable('b','ub'),throw('t',compensate('a')),user('z'),flows('s a','a b','b t','t z')),['a','b','=ua','ua','=z','z'])
case('comp activityRef sub', process(start(),sub('o',start('s1'),user('a'),undoable('a','ua'),flows('s1 a')),user('b'),undoable('b','ub'),throw('t',compensate('o')),user('z'),flows('s o','o b','b t','t z')),['a','b','=ua','ua','=z','z'])
case('comp MI task', process(start(),user('a',times(3)),undoable('a','ua'),throw('t',compensate()),user('z'),flows('s a','a t','t z')),['a','a','a','=ua ua ua','ua','ua','ua','=z','z'])
case('comp MI sub', process(start(),sub('o',times(2),start('s1'),user('a'),undoable('a','ua'),flows('s1 a')),throw('t',compensate('o')),user('z'),flows('s o','o t','t z')),['a','a','=ua ua','ua','ua','=z','z'])
case('comp MI seq', process(start(),user('a',times(2,sequential=True)),undoable('a','ua'),throw('t',compensate()),user('z'),flows('s a','a t','t z')),['a','a','=ua ua','ua','ua','=z','z'])
case('comp end event', process(start(),user('a'),undoable('a','ua'),end('t',compensate()),flows('s a','a t')),['a','=ua','ua'])
case('comp not completed', process(start(),both('f'),user('a'),undoable('a','ua'),user('b'),throw('t',compensate()),user('z'),flows('s f','f a','f b','b t','t z')),['b','=a z','z','a'])
case('comp parallel sub both', process(start(),both('f'),sub('o1',start('s1'),user('a'),undoable('a','ua'),flows('s1 a')),sub('o2',start('s2'),user('b'),undoable('b','ub'),flows('s2 b')),both('j'),throw('t',compensate()),user('z'),flows('s f','f o1','f o2','o1 j','o2 j','j t','t z')),['a','b','=ua ub','ua','ub','=z','z'])
case('comp inside sub only', process(start(),user('x'),undoable('x','ux'),sub('o',start('s1'),user('a'),undoable('a','ua'),throw('t',compensate()),user('q'),flows('s1 a','a t','t q')),user('z'),flows('s x','x o','o z')),['x','a','=ua','ua','=q','q','=z','z'])
case('comp event sub', process(start(),sub('o',start('s1'),user('a'),undoable('a','ua'),flows('s1 a'),event_sub('es',start('e1',compensate()),user('h'),throw('t2',compensate()),flows('e1 h','h t2'))),throw('t',compensate()),user('z'),flows('s o','o t','t z')),['a','=h','h','=ua','ua','=z','z'])
case('comp event sub w/o throw', process(start(),sub('o',start('s1'),user('a'),undoable('a','ua'),flows('s1 a'),event_sub('es',start('e1',compensate()),user('h'),flows('e1 h'))),throw('t',compensate()),user('z'),flows('s o','o t','t z')),['a','=h','h','=z','z'])
case('comp twice thrown only once done', process(start(),user('a'),undoable('a','ua'),throw('t',compensate()),throw('t2',compensate()),user('z'),flows('s a','a t','t t2','t2 z')),['a','=ua','ua','=z','z'])
case('comp handler is sub', process(start(),user('a'),undoable('a','ua',sub('ua',start('s1'),user('h1'),user('h2'),flows('s1 h1','h1 h2'),isForCompensation='true')),throw('t',compensate()),user('z'),flows('s a','a t','t z')),['a','=h1','h1','=h2','h2','=z','z'])
case('comp call handler', [process(start(),user('a'),undoable('a','ua',node('callActivity','ua',calledElement='child',isForCompensation='true')),throw('t',compensate()),user('z'),flows('s a','a t','t z')),process(start(),user('h'),flows('s h'),id='child')],['a','=h','h','=z','z'])
case('comp nested sub in sub', process(start(),sub('o',start('s1'),sub('i',start('s2'),user('a'),undoable('a','ua'),flows('s2 a')),user('b'),flows('s1 i','i b')),throw('t',compensate()),user('z'),flows('s o','o t','t z')),['a','b','=ua','ua','=z','z'])
case('comp from event sub error', process(start(),user('a'),undoable('a','ua'),user('b'),end('x',error('E1')),flows('s a','a b','b x'),event_sub('es',start('e1',error('E1')),throw('t',compensate()),user('h'),flows('e1 t','t h')),head=HEAD),['a','b','=ua','ua','=h','h'])
case('comp boundary + other flows', process(start(),user('a'),boundary('bt','a',after('PT1H')),user('late'),undoable('a','ua'),throw('t',compensate()),user('z'),flows('s a','a t','t z','bt late')),['a','=ua','ua','=z','z'])
case('comp on called', [process(start(),node('callActivity','c',calledElement='child'),undoable('c','uc'),throw('t',compensate()),user('z'),flows('s c','c t','t z')),process(start(),user('h'),flows('s h'),id='child')],['h','=uc','uc','=z','z'])
case('comp service order', process(start(),user('a'),undoable('a','ua'),user('b'),undoable('b','ub'),throw('t',compensate()),user('z'),flows('s a','a b','b t','t z')),['a','b','=ua ub','ub','=ua','ua','=z','z'])

# transaction
case('tx success', process(start(),transaction('tx',start('s1'),user('a'),undoable('a','ua'),flows('s1 a')),boundary('b','tx',CANCEL),user('h'),user('z'),flows('s tx','tx z','b h')),['a','=z','z'])
case('tx cancel', process(start(),transaction('tx',start('s1'),user('a'),undoable('a','ua'),user('d'),end('x',CANCEL),flows('s1 a','a d','d x')),boundary('b','tx',CANCEL),user('h'),user('z'),flows('s tx','tx z','b h')),['a','d','=ua','ua','=h','h'])
case('tx cancel concurrent', process(start(),transaction('tx',start('s1'),both('f'),user('a'),undoable('a','ua'),user('d'),end('x',CANCEL),flows('s1 f','f a','f d','d x')),boundary('b','tx',CANCEL),user('h'),user('z'),flows('s tx','tx z','b h')),['a','d','=ua','ua','=h','h'])
case('tx cancel with open concurrent', process(start(),transaction('tx',start('s1'),both('f'),user('a'),user('d'),end('x',CANCEL),flows('s1 f','f a','f d','d x')),boundary('b','tx',CANCEL),user('h'),user('z'),flows('s tx','tx z','b h')),['d','=h','h'])
case('tx hazard error', process(start(),transaction('tx',start('s1'),user('a'),undoable('a','ua'),user('d'),end('x',error('E1')),flows('s1 a','a d','d x')),boundary('b','tx',CANCEL),boundary('be','tx',error('E1')),user('h'),user('he'),user('z'),flows('s tx','tx z','b h','be he'),head=HEAD),['a','d','=he','he'])
case('tx nested cancel inner', process(start(),transaction('tx',start('s1'),transaction('in',start('s2'),user('a'),undoable('a','ua'),end('x',CANCEL),flows('s2 a','a x')),boundary('bi','in',CANCEL),user('hi'),flows('s1 in','bi hi')),boundary('b','tx',CANCEL),user('h'),user('z'),flows('s tx','tx z','b h')),['a','=ua','ua','=hi','hi','=z','z'])
case('tx MI cancel', process(start(),node('transaction','tx',times(2),start('s1'),user('a'),undoable('a','ua'),user('d'),end('x',CANCEL),flows('s1 a','a d','d x')),boundary('b','tx',CANCEL),user('h'),user('z'),flows('s tx','tx z','b h')),['a','d','=a ua','ua','=h','h'])

# conditional
case('cond catch', process(start(),catch('c',conditional('${x > 1}')),user('z'),flows('s c','c z')),['=','set x=1','=','set x=2','=z','z'],data={'x':0})
case('cond catch true at once', process(start(),catch('c',conditional('${x > 1}')),user('z'),flows('s c','c z')),['=z','z'],data={'x':3})
case('cond boundary set by task', process(start(),user('t'),boundary('b','t',conditional('${x == 1}')),user('h'),user('n'),flows('s t','t n','b h')),['=t','set x=1','=h','h'],data={'x':0})
case('cond boundary undefined var', process(start(),user('t'),boundary('b','t',conditional('${x == 1}')),user('h'),user('n'),flows('s t','t n','b h')),['=t','set x=1','=h','h'])
case('cond boundary nonint twice', process(start(),user('t'),boundary('b','t',conditional('${x == 1}'),interrupting=False),user('h'),flows('s t','b h')),['set x=1','set x=1','=h h t','t','h','h'],data={'x':0})
case('cond event sub', process(start(),user('t'),flows('s t'),event_sub('es',start('e1',conditional('${x == 1}')),user('h'),flows('e1 h'))),['set x=1','=h','h'],data={'x':0})
case('cond event sub nonint', process(start(),user('t'),flows('s t'),event_sub('es',start('e1',conditional('${x == 1}'),isInterrupting='false'),user('h'),flows('e1 h'))),['set x=1','=h t','t','h'],data={'x':0})
case('cond on sub', process(start(),sub('o',start('s1'),user('t'),user('t2'),flows('s1 t','t t2')),boundary('b','o',conditional('${x == 1}')),user('h'),flows('s o','b h')),['t(x=1)','=h','h'],data={'x':0})
case('cond gateway', process(start(),first('g0'),catch('c1',conditional('${x == 1}')),catch('c2',message('m')),user('a'),user('b'),flows('s g0','g0 c1','g0 c2','c1 a','c2 b'),head=HEAD),['set x=1','=a','!!m','a'],data={'x':0})
case('cond by script', process(start(),node('parallelGateway','f'),user('w'),node('scriptTask','sc','<script>1</script>',scriptFormat='feel',camunda_resultVariable='x'),user('q'),catch('c',conditional('${x == 1}')),user('z'),flows('s f','f w','f c','w sc','sc q','c z')),['w','=q z','q','z'],data={'x':0})

# escalation
case('esc embedded', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('X1')),user('b'),flows('s1 a','a t','t b')),boundary('bd','o',escalation('X1')),user('h'),user('z'),flows('s o','o z','bd h'),head=HEAD),['a','=h','h'])
case('esc nonint', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('X1')),user('b'),flows('s1 a','a t','t b')),boundary('bd','o',escalation('X1'),interrupting=False),user('h'),user('z'),flows('s o','o z','bd h'),head=HEAD),['a','=b h','b','=h z','h','z'])
case('esc end', process(start(),sub('o',start('s1'),user('a'),end('t',escalation('X1')),flows('s1 a','a t')),boundary('bd','o',escalation('X1'),interrupting=False),user('h'),user('z'),flows('s o','o z','bd h'),head=HEAD),['a','=h z','h','z'])
case('esc end int', process(start(),sub('o',start('s1'),user('a'),end('t',escalation('X1')),flows('s1 a','a t')),boundary('bd','o',escalation('X1')),user('h'),user('z'),flows('s o','o z','bd h'),head=HEAD),['a','=h','h'])
case('esc hierarchical', process(start(),sub('o',start('s1'),sub('i',start('s2'),user('a'),end('t',escalation('X1')),flows('s2 a','a t')),user('n'),flows('s1 i','i n')),boundary('bd','o',escalation('X1'),interrupting=False),user('h'),user('z'),flows('s o','o z','bd h'),head=HEAD),['a','=h n','n','=h z','h','z'])
case('esc from call', [process(start(),node('callActivity','c',calledElement='child'),boundary('bd','c',escalation('X1'),interrupting=False),user('h'),user('z'),flows('s c','c z','bd h'),head=HEAD),process(start(),throw('t',escalation('X1')),user('a'),flows('s t','t a'),id='child',head=HEAD)],['=a h','a','=h z','h','z'])
case('esc event sub', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('X1')),user('b'),flows('s1 a','a t','t b'),event_sub('es',start('e1',escalation('X1'),isInterrupting='false'),user('h'),flows('e1 h'))),user('z'),flows('s o','o z'),head=HEAD),['a','=b h','b','h','=z','z'])
case('esc event sub int', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('X1')),user('b'),flows('s1 a','a t','t b'),event_sub('es',start('e1',escalation('X1')),user('h'),flows('e1 h'))),user('z'),flows('s o','o z'),head=HEAD),['a','=h','h','=z','z'])
case('esc event sub preferred over boundary', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('X1')),user('b'),flows('s1 a','a t','t b'),event_sub('es',start('e1',escalation('X1')),user('h'),flows('e1 h'))),boundary('bd','o',escalation('X1')),user('hb'),user('z'),flows('s o','o z','bd hb'),head=HEAD),['a','=h','h','=z','z'])
case('esc uncaught goes on', process(start(),user('a'),throw('t',escalation('X1')),user('b'),flows('s a','a t','t b'),head=HEAD),['a','=b','b'])
case('esc two codes', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('X2')),user('b'),flows('s1 a','a t','t b')),boundary('b1','o',escalation('X1')),boundary('b2','o',escalation('X2')),user('h1'),user('h2'),flows('s o','b1 h1','b2 h2'),head=HEAD),['a','=h2','h2'])
case('esc MI sub', process(start(),sub('o',times(2),start('s1'),throw('t',escalation('X1')),user('b'),flows('s1 t','t b')),boundary('bd','o',escalation('X1'),interrupting=False),user('h'),user('z'),flows('s o','o z','bd h'),head=HEAD),['=b b h h','b','b','=h h z','h','h','z'])

# terminate
case('term process', process(start(),both('f'),user('a'),user('b'),end('x',TERMINATE),flows('s f','f a','f b','b x')),['b','='])
case('term in sub', process(start(),sub('o',start('s1'),both('f'),user('a'),user('b'),end('x',TERMINATE),flows('s1 f','f a','f b','b x')),user('z'),flows('s o','o z')),['b','=z','z'])
case('term in sub concurrent', process(start(),both('f0'),user('w'),sub('o',start('s1'),both('f'),user('a'),user('b'),end('x',TERMINATE),flows('s1 f','f a','f b','b x')),flows('s f0','f0 w','f0 o')),['b','=w','w'])
case('term in MI sub', process(start(),sub('o',times(2),start('s1'),both('f'),user('a'),user('b'),end('x',TERMINATE),flows('s1 f','f a','f b','b x')),user('z'),flows('s o','o z')),['=a a b b','b','=a b','b','=z','z'])
case('term in call', [process(start(),node('callActivity','c',calledElement='child'),user('z'),flows('s c','c z')),process(start(),both('f'),user('a'),user('b'),end('x',TERMINATE),flows('s f','f a','f b','b x'),id='child')],['b','=z','z'])
case('term with call', [process(start(),both('f'),node('callActivity','c',calledElement='child'),user('b'),end('x',TERMINATE),flows('s f','f c','f b','b x')),process(start(),user('a'),flows('s a'),id='child')],['=a b','b','='])
case('term event sub', process(start(),user('t'),flows('s t'),event_sub('es',start('e1',message('m'),isInterrupting='false'),user('h'),end('x',TERMINATE),flows('e1 h','h x')),head=HEAD),['!m','=h t','h','=t','t'])

# inclusive
def orp(): return process(start(),some('g'),user('a'),user('b'),user('c'),some('j'),user('z'),flows('s g','g a ${x <= 1}','g b ${x <= 2}','g c ${x <= 3}','a j','b j','c j','j z'))
case('or all', orp(),['=a b c','a','b','=c','c','=z','z'],data={'x':1})
case('or two', orp(),['=b c','b','c','=z','z'],data={'x':2})
case('or one', orp(),['=c','c','=z','z'],data={'x':3})
case('or default', process(start(),some('g',default='d'),user('a'),user('b'),flows('s g','g a ${x == 1}','d: g b')),['=b','b'],data={'x':4})
case('or join after subs', process(start(),some('g'),sub('o1',start('s1'),user('a'),flows('s1 a')),sub('o2',start('s2'),user('b'),flows('s2 b')),some('j'),user('z'),flows('s g','g o1 ${true}','g o2 ${true}','o1 j','o2 j','j z')),['=a b','a','=b','b','=z','z'])
case('or loop', process(start(),user('a'),some('g',default='d'),some('j'),user('z'),flows('s j','j a','a g','g j ${n < 2}','d: g z')),['a(n=1)','=a','a(n=2)','=z','z'],data={'n':0})
case('or branch ends', process(start(),some('g'),user('a'),user('b'),end('e1'),some('j'),user('z'),flows('s g','g a ${true}','g b ${true}','g j ${true}','a e1','b j','j z')),['=a b','b','=a z','z','a'])
case('or implicit conditional task', process(start(),user('t'),user('a'),user('b'),flows('s t','t a ${x == 1}','t b ${x < 5}')),['t','=a b','a','b'],data={'x':1})
case('and nested', process(start(),both('f'),both('f2'),user('a'),user('b'),user('c'),both('j2'),both('j'),user('z'),flows('s f','f f2','f c','f2 a','f2 b','a j2','b j2','j2 j','c j','j z')),['=a b c','c','a','=b','b','=z','z'])
case('and only ends', process(start(),both('f'),user('a'),end('e1'),end('e2'),flows('s a','a f','f e1','f e2')),['a'])
case('and unstructured', process(start(),both('f1'),both('f2'),user('a'),user('b'),user('c'),both('j'),user('z'),flows('s f1','f1 a','f1 f2','f2 b','f2 c','a j','b j','c j','j z')),['a','b','=c','c','=z','z'])
case('xor default', process(start(),xor('g','d'),user('a'),user('b'),flows('s g','g a ${x == 1}','d: g b')),['=b','b'],data={'x':2})
case('xor whitespace', process(start(),xor('g','d'),user('a'),user('b'),flows('s g','g a   ${ x == 1 }  ','d: g b')),['=a','a'],data={'x':1})
case('link multi sources', process(start(),xor('g','d'),throw('l1','<linkEventDefinition name="L"/>'),throw('l2','<linkEventDefinition name="L"/>'),catch('lc','<linkEventDefinition name="L"/>'),user('z'),flows('s g','g l1 ${x==1}','d: g l2','lc z')),['=z','z'],data={'x':1})
case('call in out', [process(start(),node('callActivity','c',extension('<camunda:in source="a" target="b"/><camunda:out source="r" target="q"/>'),calledElement='child'),xor('g','d'),user('ok'),user('no'),flows('s c','c g','g ok ${q == 5}','d: g no')),process(start(),user('t'),flows('s t'),id='child')],['t(r=5)','=ok','ok'],data={'a':1})
case('call dynamic', [process(start(),node('callActivity','c',calledElement='${which}'),flows('s c')),process(start(),user('t'),flows('s t'),id='child')],['=t','t'],data={'which':'child'})
case('uncontrolled flow', process(start(),user('a'),user('b'),user('c'),flows('s a','a b','a c')),['a','=b c','b','c'])
case('start two flows', process(start(),user('a'),user('b'),flows('s a','s b')),['=a b','a','b'])
case('no start', process(user('a'),user('b'),flows('a b')),['a','b'])
case('task var loop', process(start(),user('a'),xor('g','d'),user('z'),flows('s a','a g','g a ${again}','d: g z')),['a(again=True)','=a','a(again=False)','=z','z'])
case('esc boundary def without code catches all', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('X1')),user('b'),flows('s1 a','a t','t b')),boundary('bd','o',escalation('XX')),user('h'),flows('s o','bd h'),head=HEAD+'<escalation id="XX" name="any"/>'),['a','=h','h'])
case('err boundary def without code catches all', process(start(),sub('o',start('s1'),user('a'),end('t',error('E1')),flows('s1 a','a t')),boundary('bd','o',error('EE')),user('h'),flows('s o','bd h'),head=HEAD+'<error id="EE" name="any"/>'),['a','=h','h'])
case('err undeclared both', process(start(),sub('o',start('s1'),user('a'),end('t',error('my')),flows('s1 a','a t')),boundary('bd','o',error('my')),user('h'),flows('s o','bd h')),['a','=h','h'])
case('esc boundary with undeclared', process(start(),sub('o',start('s1'),user('a'),throw('t',escalation('my')),user('b'),flows('s1 a','a t','t b')),boundary('bd','o',escalation('my')),user('h'),flows('s o','bd h')),['a','=h','h'])
case('event sub in event sub', process(start(),user('t'),flows('s t'),event_sub('e',start('e1',message('m')),user('h'),flows('e1 h'),event_sub('ee',start('e2',message('m2')),user('hh'),flows('e2 hh'))),head=HEAD),['!m','=h','!m2','=hh','hh'])
case('event sub with boundary inside', process(start(),user('t'),flows('s t'),event_sub('e',start('e1',message('m')),user('h'),boundary('b','h',after('PT1H')),user('q'),flows('e1 h','b q')),head=HEAD),['!m','+PT2H','=q','q'])
case('nested event sub nonint twice + int', process(start(),sub('o',start('s1'),user('t'),flows('s1 t'),event_sub('n',start('n1',message('m'),isInterrupting='false'),user('h'),flows('n1 h')),event_sub('i',start('i1',message('m2')),user('k'),flows('i1 k'))),user('z'),flows('s o','o z'),head=HEAD),['!m','!m','=h h t','!m2','=k','k','=z','z'])
case('MI event sub per instance', process(start(),sub('o',several('2'),start('s1'),user('t'),flows('s1 t'),event_sub('n',start('n1',message('m')),user('h'),flows('n1 h'))),user('z'),flows('s o','o z'),head=HEAD),['=t t','!m','=h t','!m','=h h','h','h','=z','z'])
case('par MI call with timer', [process(start(),node('callActivity','c',several('2'),calledElement='child'),boundary('b','c',after('PT1H')),user('h'),flows('s c','b h')),process(start(),user('t'),flows('s t'),id='child')],['t','=t','+PT2H','=h','h'])
case('seq MI call', [process(start(),node('callActivity','c',several('2',sequential=True),calledElement='child'),user('z'),flows('s c','c z')),process(start(),user('t'),flows('s t'),id='child')],['=t','t','=t','t','=z','z'])
case('cron event sub', process(start(),user('t'),flows('s t'),event_sub('e',start('e1',timer('timeCycle','0 0 9 * * ?'),isInterrupting='false'),user('h'),flows('e1 h'))),['+PT2H','=h t','+P1D','=h h t','t','h','h'])
case('boundary cycle with end date', process(start(),user('t'),boundary('b','t',timer('timeCycle','R/PT1H/2026-01-01T10:30:00Z'),interrupting=False),user('h'),flows('s t','b h')),['+P1D','t','h','h'])
case('timer repeats int', process(start(),user('t'),boundary('b','t',timer('timeCycle','R5/PT1H')),user('h'),flows('s t','b h')),['+PT61M','=h','+PT2H','=h','h'])
case('call deployment binding', [process(start(),node('callActivity','c',calledElement='child',camunda_calledElementBinding='deployment'),flows('s c')),process(start(),user('t'),flows('s t'),id='child')],['=t','t'])
case('out to local scope', [process(start(),sub('o',start('s1'),node('callActivity','c',extension('<camunda:in variables="all"/><camunda:out variables="all"/>'),calledElement='child'),xor('g','d'),user('y'),user('n'),flows('s1 c','c g','g y ${r == 1}','d: g n')),flows('s o')),process(start(),user('t'),flows('s t'),id='child')],['t(r=1)','=y','y'])
case('standard loop', process(start(),user('t','<standardLoopCharacteristics loopMaximum="3"><loopCondition>${go}</loopCondition></standardLoopCharacteristics>'),user('z'),flows('s t','t z')),['t(go=True)','t(go=True)','t(go=True)','=z','z'])
case('signal to every instance', [process(start(),catch('c',signal('g')),user('z'),flows('s c','c z'),head=HEAD)],['#p','~g','=z z','z','z'])
case('inclusive join after boundary', process(start(),node('inclusiveGateway','g'),user('a'),user('b'),boundary('bt','a',after('PT1H'),interrupting=False),node('inclusiveGateway','j'),user('z'),flows('s g','g a ${true}','g b ${true}','a j','b j','bt j','j z')),['b','=a','a','=z','z'])
case('nested parallel join with loop', process(start(),xor('m','x'),both('f'),user('a'),user('b'),both('j'),xor('q','d'),user('z'),flows('s m','x: m f','f a','f b','a j','b j','j q','q m ${again}','d: q z')),['a','b(again=True)','=a b','a','b(again=False)','=z','z'],data={'again':False})
case('end event sub with parallel error', process(start(),both('f'),sub('o1',start('s1'),user('a'),end('x1',error('E1')),flows('s1 a','a x1')),sub('o2',start('s2'),user('b'),flows('s2 b')),flows('s f','f o1','f o2'),event_sub('e',start('e1',error('E1')),user('h'),flows('e1 h')),head=HEAD),['a','=h','h'])
case('comp in MI sub seq inner throw', process(start(),sub('o',several('2',sequential=True),start('s1'),user('a'),undoable('a','ua'),throw('t',compensate()),user('z'),flows('s1 a','a t','t z')),flows('s o')),['a','=ua','ua','=z','z','=a','a','=ua','ua','=z','z'])
case('comp parallel throws', process(start(),user('a'),undoable('a','ua'),both('f'),throw('t1',compensate()),throw('t2',compensate()),both('j'),user('z'),flows('s a','a f','f t1','f t2','t1 j','t2 j','j z')),['a','=ua','ua','=z','z'])
case('data across', process(start(),sub('o',start('s1'),user('a'),flows('s1 a')),xor('g','d'),user('y'),user('n'),flows('s o','o g','g y ${v == 3}','d: g n')),['a(v=3)','=y','y'])
case('juel empty/ternary', process(start(),xor('g','d'),user('y'),user('n'),flows('s g','g y ${empty list ? true : false}','d: g n')),['=y','y'],data={'list':[]})
case('juel strings', process(start(),xor('g','d'),user('y'),user('n'),flows('s g',"g y ${name eq 'x' and not (n gt 5)}",'d: g n')),['=y','y'],data={'name':'x','n':1})
case('juel mod div', process(start(),xor('g','d'),user('y'),user('n'),flows('s g',"g y ${n % 2 == 1 && n mod 3 != 0 || false}",'d: g n')),['=y','y'],data={'n':7})
case('bean list index', process(start(),xor('g','d'),user('y'),user('n'),flows('s g',"g y ${o.items[0].price &gt; 5}".replace('&gt;','>'),'d: g n')),['=y','y'],data={'o':{'items':[{'price':6}]}})
